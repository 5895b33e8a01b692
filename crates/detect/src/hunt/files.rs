//! The first pass of a hunt: every file is read once, by several workers.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Read};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc;

use arrow::array::RecordBatch;
use jiff::{SignedDuration, Timestamp};
use schema::{Event, Reject, RowsBuilder, TableSchema};
use serde_json::Value as Json;
use sigma::{RuleSet, Scratch};
use sources::{DecodeContext, DecodeError, Input, Limits, Opened, Sink, Visit};

use super::rows::{HuntRows, InputId, WantedTables, earliest};
use super::{HuntMatch, HuntOptions, HuntProgress, HuntSummary, Report, is_in_range, is_wanted};

/// Rows after which a batch is handed on.
const BATCH_ROWS: usize = 4_096;
/// Text bytes after which a batch is handed on.
const BATCH_BYTES: usize = 8 << 20;
/// Messages that wait for the collector; workers pause beyond.
const WAITING_MAX: usize = 1_000;
/// Events between two looks at the progress.
const EVENTS_A_LOOK: u64 = 1_024;

enum Message {
    Match(Box<HuntMatch>),
    Rows {
        table: Arc<TableSchema>,
        batch: RecordBatch,
        input: InputId,
        name: String,
    },
    Failure(String, String),
    Skipped(String, String),
}

/// What the workers share.
struct Shared<'a> {
    rules: &'a RuleSet,
    options: &'a HuntOptions,
    wanted: &'a WantedTables,
    /// Rows before it are seen by no window.
    earliest: Option<Timestamp>,
    bytes_total: u64,
    events: AtomicU64,
    rejects: AtomicU64,
    untimed: AtomicU64,
    bytes: AtomicU64,
    /// The rows no longer fit.
    is_full: AtomicBool,
    progress: &'a (dyn Fn(HuntProgress) + Sync),
}

impl Shared<'_> {
    fn show(&self) {
        (self.progress)(HuntProgress {
            events: self.events.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            bytes_total: self.bytes_total,
            ..HuntProgress::default()
        });
    }
}

/// Reads the files.
pub(super) fn read(
    rules: &RuleSet,
    options: &HuntOptions,
    longest_period: SignedDuration,
    mut rows: HuntRows,
    report: Report<'_>,
    progress: &(dyn Fn(HuntProgress) + Sync),
) -> (HuntSummary, HuntRows) {
    let files = list(&options.paths);
    let wanted = Arc::clone(rows.wanted());
    let shared = Shared {
        rules,
        options,
        wanted: &wanted,
        earliest: options.since.map(|since| earliest(since, longest_period)),
        bytes_total: files.iter().map(|file| file.bytes).sum(),
        events: AtomicU64::new(0),
        rejects: AtomicU64::new(0),
        untimed: AtomicU64::new(0),
        bytes: AtomicU64::new(0),
        is_full: AtomicBool::new(false),
        progress,
    };
    let mut summary = HuntSummary::default();
    let next = AtomicUsize::new(0);
    let (sender, receiver) = mpsc::sync_channel::<Message>(WAITING_MAX);
    std::thread::scope(|scope| {
        for _ in 0..options.threads.max(1) {
            let (shared, files, next, sender) = (&shared, &files, &next, sender.clone());
            scope.spawn(move || {
                let mut worker = Worker::new(shared, sender);
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(file) = files.get(number) else { break };
                    worker.file(number, file);
                }
            });
        }
        drop(sender);
        for message in receiver {
            collect(message, &shared, &mut summary, &mut rows, &mut *report);
        }
    });
    summary.events = shared.events.into_inner();
    summary.rejects = shared.rejects.into_inner();
    summary.untimed = shared.untimed.into_inner();
    (summary, rows)
}

fn collect(
    message: Message,
    shared: &Shared<'_>,
    summary: &mut HuntSummary,
    rows: &mut HuntRows,
    report: Report<'_>,
) {
    match message {
        Message::Match(found) => {
            summary.count(&found);
            report(*found);
        }
        Message::Rows { .. } if shared.is_full.load(Ordering::Relaxed) => {}
        Message::Rows {
            table,
            batch,
            input,
            name,
        } => match rows.add(&table, &batch, input, &name) {
            Ok(true) => {}
            Ok(false) => {
                shared.is_full.store(true, Ordering::Relaxed);
                summary.left_out.push(format!(
                    "no analytics rule was run: the rows they read need more than {} MB; raise \
                     --memory, or hunt in fewer files or a shorter time",
                    shared.options.memory_bytes / 1_000_000
                ));
            }
            Err(error) => summary.failures.push((name, error.to_string())),
        },
        Message::Failure(file, reason) => summary.failures.push((file, reason)),
        Message::Skipped(file, reason) => summary.skipped.push((file, reason)),
    }
}

struct Listed {
    path: PathBuf,
    bytes: u64,
}

/// Files under the paths, so that workers can share them. What is not a readable folder is passed
/// on as it is: `sources::walk` opens it and says what is wrong with it.
fn list(paths: &[PathBuf]) -> Vec<Listed> {
    let mut files = Vec::new();
    for path in paths {
        let entries = path.is_dir().then(|| {
            std::fs::read_dir(path)?
                .map(|entry| Ok(entry?.path()))
                .collect::<io::Result<Vec<PathBuf>>>()
        });
        match entries {
            Some(Ok(mut entries)) => {
                entries.retain(|entry| !(entry.is_symlink() && entry.is_dir()));
                entries.sort();
                files.extend(list(&entries));
            }
            Some(Err(_)) | None => files.push(Listed {
                bytes: std::fs::metadata(path).map_or(0, |meta| meta.len()),
                path: path.clone(),
            }),
        }
    }
    files
}

struct Worker<'a> {
    shared: &'a Shared<'a>,
    scratch: Scratch,
    sender: mpsc::SyncSender<Message>,
    input: InputId,
    name: String,
    /// Records of the input so far.
    number: u64,
    /// Bytes of the file that progress has not counted.
    bytes_left: u64,
    rows: BTreeMap<String, RowsBuilder>,
}

impl<'a> Worker<'a> {
    fn new(shared: &'a Shared<'a>, sender: mpsc::SyncSender<Message>) -> Self {
        Self {
            shared,
            scratch: Scratch::default(),
            sender,
            input: InputId::default(),
            name: String::new(),
            number: 0,
            bytes_left: 0,
            rows: BTreeMap::new(),
        }
    }

    fn file(&mut self, number: usize, file: &Listed) {
        self.input = InputId {
            file: number,
            member: 0,
        };
        self.bytes_left = file.bytes;
        // Only the worker that reads stdin may hold its lock.
        let mut stdin: Box<dyn BufRead> = match file.path.as_os_str() == "-" {
            true => Box::new(io::stdin().lock()),
            false => Box::new(io::empty()),
        };
        let _ = sources::walk(
            std::slice::from_ref(&file.path),
            &Limits::default(),
            &mut stdin,
            &mut |visit| {
                self.visit(visit);
                ControlFlow::Continue(())
            },
        );
        let left = std::mem::take(&mut self.bytes_left);
        self.shared.bytes.fetch_add(left, Ordering::Relaxed);
        self.shared.show();
    }

    fn visit(&mut self, visit: Visit<'_>) {
        match visit {
            Visit::Input(opened) => self.input(opened),
            Visit::Skipped { name, reason } => {
                self.send(Message::Skipped(name, reason.to_owned()));
            }
            Visit::Failed(error) => {
                let name = error.name().to_owned();
                let reason = error.to_string();
                let reason = reason.strip_prefix(&format!("{name}: ")).unwrap_or(&reason);
                self.send(Message::Failure(name, reason.to_owned()));
            }
        }
    }

    fn input(&mut self, opened: Opened<'_>) {
        self.name = opened.input.name().to_owned();
        self.number = 0;
        let Some(source) = sources::detect(&opened.head, &self.name) else {
            let reason = match opened.head.is_empty() {
                true => "empty",
                false => "the format is not recognised",
            };
            self.send(Message::Skipped(self.name.clone(), reason.to_owned()));
            return;
        };
        let ctx = DecodeContext::new(self.shared.options.now);
        let mut input = Metered {
            inner: opened.input,
            done: &self.shared.bytes,
            left: self.bytes_left,
        };
        let outcome = source.decode(&mut input, &ctx, self);
        self.bytes_left = input.left;
        match outcome {
            Ok(()) | Err(DecodeError::Stopped) => {}
            Err(error) => self.send(Message::Failure(self.name.clone(), error.to_string())),
        }
        for builder in std::mem::take(&mut self.rows).into_values() {
            self.hand_on(builder);
        }
        self.input.member += 1;
    }

    fn send(&self, message: Message) {
        // The receiver lives as long as the workers.
        let _ = self.sender.send(message);
    }

    fn sigma(&mut self, event: &Event) {
        let mut hits = Vec::new();
        let rules = self.shared.rules;
        rules.matches(
            &event.log_source,
            &event.native,
            &mut self.scratch,
            |rule| hits.push(rule),
        );
        for rule in hits.iter().filter_map(|idx| rules.rule(*idx)) {
            if is_wanted(self.shared.options, rule.level.as_str()) {
                self.send(Message::Match(Box::new(found(rule, event))));
            }
        }
    }

    /// Keeps the event's row if some analytics rule reads its table.
    fn keep(&mut self, mut event: Event) {
        let shared = self.shared;
        let table = Arc::clone(event.row.table());
        if !shared.wanted.has(&table.name) || shared.is_full.load(Ordering::Relaxed) {
            return;
        }
        let Some(time) = event.time else {
            shared.untimed.fetch_add(1, Ordering::Relaxed);
            return;
        };
        if shared.earliest.is_some_and(|earliest| time < earliest)
            || shared.options.until.is_some_and(|until| time >= until)
        {
            return;
        }
        let item_id = self.input.item_id(self.number, event.position.record);
        // As in service, where a record is received when it happens: `ingestion_time()` tells that.
        event.finish(time, "", &item_id);
        let builder = self
            .rows
            .entry(table.name.clone())
            .or_insert_with(|| RowsBuilder::new(Arc::clone(&table), false));
        builder.push(&event.row);
        if builder.len() >= BATCH_ROWS || builder.approximate_bytes() >= BATCH_BYTES {
            let full = std::mem::replace(builder, RowsBuilder::new(table, false));
            self.hand_on(full);
        }
    }

    fn hand_on(&self, builder: RowsBuilder) {
        if builder.is_empty() {
            return;
        }
        let table = Arc::clone(builder.table());
        let name = self.name.clone();
        self.send(match builder.finish() {
            Ok(batch) => Message::Rows {
                table,
                batch,
                input: self.input,
                name,
            },
            Err(error) => Message::Failure(name, error.to_string()),
        });
    }
}

impl Sink for Worker<'_> {
    fn event(&mut self, event: Event) -> ControlFlow<()> {
        self.number += 1;
        let before = self.shared.events.fetch_add(1, Ordering::Relaxed);
        if before.is_multiple_of(EVENTS_A_LOOK) {
            self.shared.show();
        }
        if is_in_range(self.shared.options, event.time) {
            self.sigma(&event);
        }
        self.keep(event);
        ControlFlow::Continue(())
    }

    fn reject(&mut self, _: Reject) -> ControlFlow<()> {
        self.number += 1;
        self.shared.events.fetch_add(1, Ordering::Relaxed);
        self.shared.rejects.fetch_add(1, Ordering::Relaxed);
        ControlFlow::Continue(())
    }
}

/// An input that tells how much of it was read. Compressed files give more bytes than they have;
/// what is beyond the file's size is not counted.
struct Metered<'a> {
    inner: Box<dyn Input + 'a>,
    done: &'a AtomicU64,
    left: u64,
}

impl Metered<'_> {
    fn count(&mut self, bytes: usize) {
        let counted = self.left.min(bytes as u64);
        self.left -= counted;
        self.done.fetch_add(counted, Ordering::Relaxed);
    }
}

impl Read for Metered<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buf)?;
        self.count(read);
        Ok(read)
    }
}

impl BufRead for Metered<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.inner.consume(amount);
        self.count(amount);
    }
}

impl Input for Metered<'_> {
    fn name(&self) -> &str {
        self.inner.name()
    }
}

/// `Channel` of a record; for other logs product and service.
fn channel(event: &Event) -> String {
    match event.native.get("Channel").and_then(Json::as_str) {
        Some(channel) if !channel.is_empty() => channel.to_owned(),
        _ => format!("{}/{}", event.log_source.product, event.log_source.service),
    }
}

fn found(rule: &sigma::Rule, event: &Event) -> HuntMatch {
    let computer = event.native.get("Computer").and_then(Json::as_str);
    HuntMatch {
        rule_id: rule.id.clone(),
        rule: rule.title.clone(),
        level: rule.level.to_string(),
        file: event.position.file.clone(),
        record_id: event.position.record,
        time: event.time,
        computer: computer.unwrap_or_default().to_owned(),
        channel: channel(event),
        event_id: event.native.get("EventID").cloned().unwrap_or_default(),
        fields: event.native.clone(),
        evidence: Vec::new(),
    }
}
