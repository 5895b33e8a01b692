//! The one thread that writes the log: it gathers what waits, writes it as one group, syncs it
//! once (group commit), makes the rows visible, and only then answers.

use std::fs::{self, File};
use std::io::Write;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use parking_lot::Mutex;
use tokio::sync::{oneshot, watch};

use super::segment::{LogDir, Segment, encode_group};
use crate::error::{AtPath, LakeError, Result};
use crate::options::{LakeOptions, Step};

/// Most bytes gathered into one group (a single larger frame is a group of its own).
const GROUP_BYTES: usize = 16 * 1024 * 1024;

/// Why a frame was not written though nothing failed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Refusal {
    /// Its records are stored already.
    Done,
    /// It does not follow the last frame of its input: this many records are stored.
    Gap(u64),
    /// Its idempotency key came with another body.
    OtherBody,
}

/// A frame on its way into the log.
pub(crate) trait Pending: Send + 'static {
    /// The encoded frame, taken once.
    fn take_payload(&mut self) -> Vec<u8>;
    /// Decides, in log order, whether the frame is still wanted; it counts as stored for the
    /// frames after it.
    fn admit(&self) -> Result<(), Refusal>;
    /// Takes the decision back: the write failed.
    fn retract(&self);
    /// Makes the frame visible. It is durable at `position`.
    fn publish(self, position: u64);
}

struct Job<P> {
    frame: P,
    reply: oneshot::Sender<Result<Result<u64, Refusal>>>,
}

enum Command<P> {
    Append(Job<P>),
    Barrier(oneshot::Sender<Result<Barrier>>),
    Rotate(oneshot::Sender<Result<()>>),
}

/// The log at one instant: all of it is synced and visible, nothing later is.
#[derive(Debug, Clone)]
pub(crate) struct Barrier {
    /// Position of the last frame.
    pub(crate) position: u64,
    /// Segments and their sizes.
    pub(crate) segments: Vec<Segment>,
}

/// Hands frames to the writer thread.
pub(crate) struct Appender<P> {
    sender: Mutex<Option<Sender<Command<P>>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl<P: Pending> Appender<P> {
    /// Appends; the answer is the position, once it is durable and visible.
    pub(crate) async fn append(&self, frame: P) -> Result<Result<u64, Refusal>> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Append(Job { frame, reply }))?;
        answer.await.map_err(|_| LakeError::Closed)?
    }

    /// Waits until all that was sent before is durable and visible.
    pub(crate) fn barrier(&self) -> Result<Barrier> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Barrier(reply))?;
        answer.blocking_recv().map_err(|_| LakeError::Closed)?
    }

    /// Ends the current segment, so that it can be trimmed.
    pub(crate) fn rotate(&self) -> Result<()> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Rotate(reply))?;
        answer.blocking_recv().map_err(|_| LakeError::Closed)?
    }

    fn send(&self, command: Command<P>) -> Result<()> {
        match &*self.sender.lock() {
            Some(sender) => sender.send(command).map_err(|_| LakeError::Closed),
            None => Err(LakeError::Closed),
        }
    }

    /// Stops the thread after what was sent before.
    pub(crate) fn close(&self) {
        self.sender.lock().take();
        if let Some(thread) = self.thread.lock().take()
            && thread.join().is_err()
        {
            tracing::error!("the log's writer thread panicked");
        }
    }
}

/// The writer's state, moved onto its thread.
pub(crate) struct Writer {
    log: LogDir,
    options: Arc<LakeOptions>,
    /// Shared with readers and trimming; the last one is being written.
    segments: Arc<Mutex<Vec<Segment>>>,
    durable: watch::Sender<u64>,
    file: File,
    next: u64,
    stopped: Option<String>,
}

impl Writer {
    /// Starts a new segment after `recovered`, and the thread.
    pub(crate) fn start<P: Pending>(
        log: LogDir,
        options: Arc<LakeOptions>,
        segments: Arc<Mutex<Vec<Segment>>>,
        durable: watch::Sender<u64>,
        next: u64,
    ) -> Result<Appender<P>> {
        // A segment without frames already has the name the new one gets.
        segments.lock().retain(|segment| segment.first != next);
        let after_gap = segments.lock().last().is_some_and(|s| s.last + 1 != next);
        let (segment, file) = log.create_segment(next, after_gap)?;
        segments.lock().push(segment);
        durable.send_replace(next - 1);
        let writer = Self {
            log,
            options,
            segments,
            durable,
            file,
            next,
            stopped: None,
        };
        let (sender, receiver) = channel();
        let thread = std::thread::Builder::new()
            .name("lake-log".into())
            .spawn(move || writer.run(&receiver))
            .map_err(|source| LakeError::Io {
                path: "lake-log".into(),
                source,
            })?;
        Ok(Appender {
            sender: Mutex::new(Some(sender)),
            thread: Mutex::new(Some(thread)),
        })
    }

    fn run<P: Pending>(mut self, receiver: &Receiver<Command<P>>) {
        let mut held = None;
        while let Some(command) = held.take().or_else(|| receiver.recv().ok()) {
            match command {
                Command::Append(job) => held = self.gather(job, receiver),
                Command::Barrier(reply) => {
                    let _ = reply.send(self.check().map(|()| Barrier {
                        position: self.next - 1,
                        segments: self.segments.lock().clone(),
                    }));
                }
                Command::Rotate(reply) => {
                    let result = self.check().and_then(|()| self.rotate());
                    let _ = reply.send(result);
                }
            }
        }
    }

    fn check(&self) -> Result<()> {
        match &self.stopped {
            Some(reason) => Err(LakeError::LogStopped {
                reason: reason.clone(),
            }),
            None => Ok(()),
        }
    }

    /// Takes what else waits, up to a group's size, and commits it. Gives back the first command
    /// that is not an append.
    fn gather<P: Pending>(
        &mut self,
        first: Job<P>,
        receiver: &Receiver<Command<P>>,
    ) -> Option<Command<P>> {
        let mut wanted = Vec::new();
        let mut payloads = Vec::new();
        let mut refused = Vec::new();
        let mut bytes = 0;
        let mut next = Some(Command::Append(first));
        let mut held = None;
        while let Some(command) = next {
            let Command::Append(mut job) = command else {
                held = Some(command);
                break;
            };
            match job.frame.admit() {
                Ok(()) => {
                    let payload = job.frame.take_payload();
                    bytes += payload.len();
                    payloads.push(payload);
                    wanted.push(job);
                }
                Err(refusal) => refused.push((job, refusal)),
            }
            next = (bytes < GROUP_BYTES)
                .then(|| receiver.try_recv().ok())
                .flatten();
        }
        match self.commit(&payloads) {
            Ok(first) => {
                let mut replies = Vec::with_capacity(wanted.len());
                for (position, job) in (first..).zip(wanted) {
                    job.frame.publish(position);
                    replies.push((position, job.reply));
                }
                // Stream readers and the sender's next query see the frame before its answer.
                self.durable.send_replace(self.next - 1);
                for (position, reply) in replies {
                    let _ = reply.send(Ok(Ok(position)));
                }
                for (job, refusal) in refused {
                    let _ = job.reply.send(Ok(Err(refusal)));
                }
            }
            Err(error) => {
                // A refusal may rest on a frame of this very group: all of them fail alike.
                for job in wanted.iter().rev() {
                    job.frame.retract();
                }
                let reason = error.to_string();
                let jobs = wanted
                    .into_iter()
                    .chain(refused.into_iter().map(|(job, _)| job));
                for job in jobs {
                    let _ = job.reply.send(Err(self.failure(&error, &reason)));
                }
            }
        }
        held
    }

    /// Repeats one error for each frame of a group.
    fn failure(&self, error: &LakeError, reason: &str) -> LakeError {
        match (error, &self.stopped) {
            (LakeError::Io { path, source }, None) => LakeError::Io {
                path: path.clone(),
                source: source.kind().into(),
            },
            _ => LakeError::LogStopped {
                reason: reason.to_owned(),
            },
        }
    }

    /// Writes and syncs one group; returns the position of its first frame.
    fn commit(&mut self, payloads: &[Vec<u8>]) -> Result<u64> {
        self.check()?;
        let first = self.next;
        if payloads.is_empty() {
            return Ok(first);
        }
        let group = encode_group(first, payloads);
        let (path, start) = match self.segments.lock().last() {
            Some(segment) => (segment.path.clone(), segment.bytes),
            None => return Err(LakeError::Closed),
        };
        if let Err(error) = self.file.write_all(&group) {
            // Nothing was synced: cut the partial group off and go on, if that works.
            let cut = self
                .file
                .set_len(start)
                .and_then(|()| self.file.sync_data());
            if let Err(cut) = cut {
                self.stopped = Some(format!("{error}; then {cut}"));
            }
            return Err(error).at(&path);
        }
        self.options.step(Step::LogWritten);
        if let Err(error) = self.file.sync_data() {
            // After a failed sync the kernel may have dropped the pages: no way to know what
            // is on disk. Stop; the next opening reads what is really there.
            self.stopped = Some(error.to_string());
            return Err(error).at(&path);
        }
        self.options.step(Step::LogSynced);
        self.next += payloads.len() as u64;
        let full = {
            let mut segments = self.segments.lock();
            match segments.last_mut() {
                Some(segment) => {
                    segment.bytes = start + group.len() as u64;
                    segment.last = self.next - 1;
                    segment.bytes >= self.options.segment_bytes
                }
                None => false,
            }
        };
        if full && let Err(error) = self.rotate() {
            // The group itself is safe; the next one meets the error again.
            tracing::warn!(%error, "a new log segment could not be made");
        }
        Ok(first)
    }

    fn rotate(&mut self) -> Result<()> {
        let empty = matches!(self.segments.lock().last(), Some(s) if s.last < s.first);
        if empty {
            return Ok(());
        }
        let (segment, file) = self.log.create_segment(self.next, false)?;
        self.segments.lock().push(segment);
        self.file = file;
        Ok(())
    }
}

/// Removes the segments, except the one being written, whose frames are all at or below `bound`.
pub(crate) fn trim(segments: &Mutex<Vec<Segment>>, bound: u64) -> Result<usize> {
    let gone: Vec<Segment> = {
        let mut segments = segments.lock();
        let full = segments.len().saturating_sub(1);
        let count = segments[..full]
            .iter()
            .take_while(|s| s.last <= bound)
            .count();
        segments.drain(..count).collect()
    };
    for segment in &gone {
        fs::remove_file(&segment.path).at(&segment.path)?;
    }
    if let Some(dir) = gone.first().and_then(|segment| segment.path.parent()) {
        crate::durable::sync_dir(dir)?;
    }
    Ok(gone.len())
}
