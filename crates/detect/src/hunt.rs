//! Rules over files, without storing them: the incident responder's folder of logs.

use std::collections::BTreeMap;
use std::io;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use schema::{Catalog, Event, Reject};
use serde::Serialize;
use serde_json::{Map, Value as Json};
use sigma::{Level, RuleSet, Scratch};
use sources::{DecodeContext, DecodeError, Limits, Sink, Visit};

/// What to hunt in and for.
#[derive(Debug, Clone)]
pub struct HuntOptions {
    /// Files and folders.
    pub paths: Vec<PathBuf>,
    /// Least level of rules; `None` for all.
    pub min_level: Option<Level>,
    /// First event time, inclusive.
    pub since: Option<Timestamp>,
    /// Last event time, exclusive.
    pub until: Option<Timestamp>,
    /// Worker threads.
    pub threads: usize,
    /// Time of the hunt; years of logs without one are chosen next to it.
    pub now: Timestamp,
}

/// One match of one rule.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HuntMatch {
    /// Rule id.
    pub rule_id: String,
    /// Rule title.
    pub rule: String,
    /// Rule level.
    pub level: String,
    /// File, `archive!member` in archives.
    pub file: String,
    /// EventRecordID, else the number of the record in the file.
    pub record_id: u64,
    /// Event time, null when the record has none.
    pub time: Option<Timestamp>,
    /// `Computer`.
    pub computer: String,
    /// `Channel`; for other logs product and service.
    pub channel: String,
    /// `EventID`, null where there is none.
    pub event_id: Json,
    /// The record's fields.
    pub fields: Map<String, Json>,
}

/// What a hunt came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct HuntSummary {
    /// Events read.
    pub events: u64,
    /// Records that could not be decoded.
    pub rejects: u64,
    /// Matches reported.
    pub matches: u64,
    /// Matches by level.
    pub by_level: BTreeMap<String, u64>,
    /// Files with an error: name and reason.
    pub failures: Vec<(String, String)>,
    /// Inputs that are no logs.
    pub skipped: u64,
}

enum Message {
    Match(Box<HuntMatch>),
    Failure(String, String),
    Skipped,
}

/// Runs Sigma rules over files. `report` gets every match, in no order between files; within a
/// file in the order of its records. `progress` gets the number of events so far.
pub fn hunt(
    rules: &RuleSet,
    options: &HuntOptions,
    report: &mut dyn FnMut(HuntMatch),
    progress: &(dyn Fn(u64) + Sync),
) -> HuntSummary {
    let files = list_files(&options.paths);
    let next = AtomicUsize::new(0);
    let (events, rejects) = (AtomicU64::new(0), AtomicU64::new(0));
    let (sender, receiver) = mpsc::sync_channel::<Message>(10_000);
    let mut summary = HuntSummary::default();
    std::thread::scope(|scope| {
        for _ in 0..options.threads.max(1) {
            let sender = sender.clone();
            let (next, files, events, rejects) = (&next, &files, &events, &rejects);
            scope.spawn(move || {
                let mut worker = Worker {
                    rules,
                    options,
                    scratch: Scratch::default(),
                    sender,
                    events,
                    rejects,
                    progress,
                };
                while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    worker.file(file);
                }
            });
        }
        drop(sender);
        for message in receiver {
            match message {
                Message::Match(found) => {
                    summary.matches += 1;
                    *summary.by_level.entry(found.level.clone()).or_default() += 1;
                    report(*found);
                }
                Message::Failure(file, reason) => summary.failures.push((file, reason)),
                Message::Skipped => summary.skipped += 1,
            }
        }
    });
    summary.events = events.into_inner();
    summary.rejects = rejects.into_inner();
    summary
}

/// Files under the paths, so that workers can share them. What is not a folder is passed on as
/// it is: `sources::walk` opens it and says what is wrong with it.
fn list_files(paths: &[PathBuf]) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let mut entries: Vec<PathBuf> = std::fs::read_dir(path)
                .map(|entries| entries.flatten().map(|e| e.path()).collect())
                .unwrap_or_default();
            entries.retain(|entry| !(entry.is_symlink() && entry.is_dir()));
            entries.sort();
            files.extend(list_files(&entries));
        } else {
            files.push(path.clone());
        }
    }
    files
}

struct Worker<'a> {
    rules: &'a RuleSet,
    options: &'a HuntOptions,
    scratch: Scratch,
    sender: mpsc::SyncSender<Message>,
    events: &'a AtomicU64,
    rejects: &'a AtomicU64,
    progress: &'a (dyn Fn(u64) + Sync),
}

impl Worker<'_> {
    fn file(&mut self, path: &PathBuf) {
        let limits = Limits::default();
        let mut stdin = io::stdin().lock();
        let _ = sources::walk(
            std::slice::from_ref(path),
            &limits,
            &mut stdin,
            &mut |visit| {
                self.visit(visit);
                ControlFlow::Continue(())
            },
        );
        (self.progress)(self.events.load(Ordering::Relaxed));
    }

    fn visit(&mut self, visit: Visit<'_>) {
        match visit {
            Visit::Input(mut opened) => {
                let name = opened.input.name().to_owned();
                let Some(source) = sources::detect(&opened.head, &name) else {
                    if !opened.head.is_empty() {
                        self.send(Message::Failure(
                            name,
                            "the format is not recognised".into(),
                        ));
                    }
                    return;
                };
                let ctx = DecodeContext {
                    received: self.options.now,
                    zone: TimeZone::UTC,
                    limits: Limits::default(),
                    table: None,
                    catalog: Catalog::builtin(),
                };
                match source.decode(opened.input.as_mut(), &ctx, self) {
                    Ok(()) | Err(DecodeError::Stopped) => {}
                    Err(error) => self.send(Message::Failure(name, error.to_string())),
                }
            }
            Visit::Skipped { .. } => self.send(Message::Skipped),
            Visit::Failed(error) => {
                self.send(Message::Failure(error.name().to_owned(), error.to_string()));
            }
        }
    }

    fn send(&self, message: Message) {
        // The receiver lives as long as the workers.
        let _ = self.sender.send(message);
    }

    fn in_range(&self, time: Option<Timestamp>) -> bool {
        let Some(time) = time else { return true };
        self.options.since.is_none_or(|since| time >= since)
            && self.options.until.is_none_or(|until| time < until)
    }
}

impl Sink for Worker<'_> {
    fn event(&mut self, event: Event) -> ControlFlow<()> {
        self.events.fetch_add(1, Ordering::Relaxed);
        if !self.in_range(event.time) {
            return ControlFlow::Continue(());
        }
        let mut hits = Vec::new();
        self.rules.matches(
            &event.log_source,
            &event.native,
            &mut self.scratch,
            |rule| hits.push(rule),
        );
        for rule in hits.iter().filter_map(|idx| self.rules.rule(*idx)) {
            if self
                .options
                .min_level
                .is_some_and(|least| rule.level < least)
            {
                continue;
            }
            self.send(Message::Match(Box::new(found(rule, &event))));
        }
        ControlFlow::Continue(())
    }

    fn reject(&mut self, _: Reject) -> ControlFlow<()> {
        self.events.fetch_add(1, Ordering::Relaxed);
        self.rejects.fetch_add(1, Ordering::Relaxed);
        ControlFlow::Continue(())
    }
}

fn found(rule: &sigma::Rule, event: &Event) -> HuntMatch {
    let text = |key: &str| {
        event
            .native
            .get(key)
            .and_then(Json::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let channel = match text("Channel") {
        channel if channel.is_empty() => {
            format!("{}/{}", event.log_source.product, event.log_source.service)
        }
        channel => channel,
    };
    HuntMatch {
        rule_id: rule.id.clone(),
        rule: rule.title.clone(),
        level: rule.level.to_string(),
        file: event.position.file.clone(),
        record_id: event.position.record,
        time: event.time,
        computer: text("Computer"),
        channel,
        event_id: event.native.get("EventID").cloned().unwrap_or_default(),
        fields: event.native.clone(),
    }
}
