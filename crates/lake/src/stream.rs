//! Reading the log as a stream, with a cursor that lasts.
//!
//! A reader gets every frame once, in order, with the native column. Its cursor is saved by
//! [`StreamReader::commit`]; after a crash it goes on behind the last commit, so the frames since
//! then come again. The log is never trimmed past a cursor.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::durable::{read_document, sync_dir, write_document};
use crate::error::{AtPath, LakeError, Result};
use crate::frame::Frame;
use crate::lake::Lake;
use crate::shared::{Shared, check_name};
use crate::wal::{Group, GroupReader, Segment};

const CURSOR_FORMAT: u32 = 1;

#[derive(Serialize, Deserialize)]
struct StoredCursor {
    position: u64,
}

/// Reads the saved cursors: each holds back trimming from the start.
pub(crate) fn load_cursors(dir: &Path) -> Result<BTreeMap<String, u64>> {
    let mut cursors = BTreeMap::new();
    for entry in std::fs::read_dir(dir).at(dir)? {
        let path = entry.at(dir)?.path();
        let name = path.file_stem().and_then(|stem| stem.to_str());
        if path.extension().is_some_and(|e| e == "json")
            && let Some(name) = name
            && let Some(cursor) = read_document::<StoredCursor>(&path, CURSOR_FORMAT)?
        {
            cursors.insert(name.to_owned(), cursor.position);
        }
    }
    Ok(cursors)
}

impl Lake {
    /// Reads the log from where the cursor of that name stands. A new cursor starts at the
    /// oldest frame that is kept, and is saved at once.
    ///
    /// One reader per cursor: a second one would commit over the first.
    pub fn stream(&self, cursor: &str) -> Result<StreamReader> {
        check_name(cursor)?;
        let shared = &self.inner.shared;
        let saved = shared.cursors.lock().get(cursor).copied();
        let position = match saved {
            Some(position) => position,
            None => {
                // No trimming in between: the first frame must still be there afterwards.
                let _layout = self.inner.layout.write();
                let first = shared.segments.lock().first().map_or(1, |s| s.first);
                save_cursor(shared, cursor, first - 1)?;
                first - 1
            }
        };
        Ok(StreamReader {
            shared: Arc::clone(shared),
            durable: shared.durable.clone(),
            cursor: cursor.to_owned(),
            next: position + 1,
            segment: None,
            ready: VecDeque::new(),
        })
    }

    /// Forgets a cursor, so that it no longer holds the log back. Unknown ones are fine.
    pub fn forget_cursor(&self, cursor: &str) -> Result<()> {
        check_name(cursor)?;
        let shared = &self.inner.shared;
        let mut cursors = shared.cursors.lock();
        let path = shared.cursors_dir().join(format!("{cursor}.json"));
        match std::fs::remove_file(&path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e).at(&path),
            _ => {}
        }
        cursors.remove(cursor);
        sync_dir(&shared.cursors_dir())
    }

    /// The saved position of each cursor; with [`crate::LakeStats::position`], its lag.
    pub fn cursors(&self) -> Vec<(String, u64)> {
        let cursors = self.inner.shared.cursors.lock();
        cursors
            .iter()
            .map(|(name, position)| (name.clone(), *position))
            .collect()
    }
}

fn save_cursor(shared: &Shared, cursor: &str, position: u64) -> Result<()> {
    let mut cursors = shared.cursors.lock();
    let path = shared.cursors_dir().join(format!("{cursor}.json"));
    write_document(&path, CURSOR_FORMAT, &StoredCursor { position })?;
    cursors.insert(cursor.to_owned(), position);
    Ok(())
}

/// A frame of the log.
#[derive(Debug, Clone)]
pub struct StreamFrame {
    /// Its position; give it to [`StreamReader::commit`] when its work is done.
    pub position: u64,
    /// The frame as it was appended.
    pub frame: Frame,
}

/// Reads the log in order.
pub struct StreamReader {
    shared: Arc<Shared>,
    durable: watch::Receiver<u64>,
    cursor: String,
    next: u64,
    segment: Option<(Segment, GroupReader)>,
    ready: VecDeque<(u64, Vec<u8>)>,
}

impl StreamReader {
    /// The next frame, waiting for it.
    ///
    /// # Errors
    /// [`LakeError::Closed`] when the lake has closed and all frames were read.
    pub async fn next(&mut self) -> Result<StreamFrame> {
        loop {
            if let Some(frame) = self.try_next()? {
                return Ok(frame);
            }
            let next = self.next;
            let waited = self.durable.wait_for(|durable| *durable >= next).await;
            waited.map_err(|_| LakeError::Closed)?;
        }
    }

    /// The next frame, `None` when all were read. Reads from disk without waiting.
    pub fn try_next(&mut self) -> Result<Option<StreamFrame>> {
        let durable = *self.durable.borrow_and_update();
        if self.next > durable {
            return Ok(None);
        }
        loop {
            while let Some((position, bytes)) = self.ready.pop_front() {
                if position < self.next {
                    continue;
                }
                let frame = Frame::decode(&bytes).map_err(|reason| self.corrupt(reason))?;
                self.next = position + 1;
                return Ok(Some(StreamFrame { position, frame }));
            }
            self.fill()?;
        }
    }

    /// Position of the next frame.
    pub fn position(&self) -> u64 {
        self.next
    }

    /// Saves the cursor, synced: frames up to `position` won't come again. Going back or beyond
    /// what was read is refused.
    pub fn commit(&self, position: u64) -> Result<()> {
        let saved = self
            .shared
            .cursors
            .lock()
            .get(&self.cursor)
            .copied()
            .unwrap_or(0);
        if position < saved || position >= self.next {
            return Err(LakeError::CursorGap {
                cursor: self.cursor.clone(),
                needed: position,
                first: saved,
            });
        }
        save_cursor(&self.shared, &self.cursor, position)
    }

    /// Reads the next group into `ready`.
    fn fill(&mut self) -> Result<()> {
        let (mut segment, mut reader) = match self.segment.take() {
            Some(open) if open.0.last >= self.next => open,
            open => self.find(open)?,
        };
        if reader.offset >= segment.bytes {
            (segment, reader) = self.find(None)?;
        }
        let group = reader.next_group(segment.bytes)?;
        self.segment = Some((segment, reader));
        match group {
            Group::Frames(frames) => self.ready = frames.into(),
            Group::End | Group::Torn => return Err(self.corrupt("the segment ends too early")),
        }
        Ok(())
    }

    /// Finds the segment that holds the next frame, going on in the open one where possible.
    fn find(&self, open: Option<(Segment, GroupReader)>) -> Result<(Segment, GroupReader)> {
        let (segment, first) = {
            let segments = self.shared.segments.lock();
            let holds = |s: &&Segment| s.first <= self.next && self.next <= s.last;
            let first = segments.first().map_or(0, |s| s.first);
            (segments.iter().find(holds).cloned(), first)
        };
        let segment = segment.ok_or_else(|| LakeError::CursorGap {
            cursor: self.cursor.clone(),
            needed: self.next,
            first,
        })?;
        let reader = match open {
            Some((before, reader)) if before.path == segment.path => reader,
            _ => GroupReader::open(&segment.path, segment.first)?,
        };
        Ok((segment, reader))
    }

    fn corrupt(&self, reason: &'static str) -> LakeError {
        match &self.segment {
            Some((segment, reader)) => LakeError::Corrupt {
                file: segment.path.clone(),
                offset: reader.group_offset,
                reason,
            },
            None => LakeError::Interrupted(reason),
        }
    }
}

impl std::fmt::Debug for StreamReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StreamReader")
            .field("cursor", &self.cursor)
            .field("next", &self.next)
            .finish()
    }
}
