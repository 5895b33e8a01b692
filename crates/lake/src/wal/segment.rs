//! Segment files: layout, reading, and the check at opening.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::durable::{sync_dir, write_atomically};
use crate::error::{AtPath, LakeError, Result};

/// Newest segment format this version writes and reads.
pub(crate) const SEGMENT_FORMAT: u16 = 1;
const MAGIC: &[u8; 8] = b"WFLAKLOG";
const GROUP_MAGIC: u32 = u32::from_le_bytes(*b"WFGR");
pub(crate) const SEGMENT_HEADER: u64 = 40;
const GROUP_HEADER: usize = 28;

/// A segment as known to the running log.
#[derive(Debug, Clone)]
pub(crate) struct Segment {
    /// Position of its first frame (also its name).
    pub(crate) first: u64,
    /// Position of its last synced frame, `first - 1` when it has none.
    pub(crate) last: u64,
    /// Bytes up to the end of its last synced group.
    pub(crate) bytes: u64,
    pub(crate) path: PathBuf,
}

/// The folder of the log.
#[derive(Debug, Clone)]
pub(crate) struct LogDir {
    pub(crate) dir: PathBuf,
    /// Identity of the log; the Delta application id of everything flushed from it.
    pub(crate) stream: uuid::Uuid,
}

impl LogDir {
    /// Makes a segment. `after_gap` says that the positions before it are known to be used
    /// although the log does not hold them (it was taken away from a folder whose tables stayed).
    pub(crate) fn create_segment(&self, first: u64, after_gap: bool) -> Result<(Segment, File)> {
        let path = self.dir.join(format!("{first:020}.wal"));
        let mut header = Vec::with_capacity(SEGMENT_HEADER as usize);
        header.extend_from_slice(MAGIC);
        header.extend_from_slice(&SEGMENT_FORMAT.to_le_bytes());
        header.extend_from_slice(&u16::from(after_gap).to_le_bytes());
        header.extend_from_slice(self.stream.as_bytes());
        header.extend_from_slice(&first.to_le_bytes());
        header.extend_from_slice(&crc32fast::hash(&header).to_le_bytes());
        write_atomically(&path, &header)?;
        let file = fs::OpenOptions::new().append(true).open(&path).at(&path)?;
        let segment = Segment {
            first,
            last: first - 1,
            bytes: SEGMENT_HEADER,
            path,
        };
        Ok((segment, file))
    }

    /// Lists the segments, oldest first, by name only.
    fn list(&self) -> Result<Vec<PathBuf>> {
        let mut paths = Vec::new();
        for entry in fs::read_dir(&self.dir).at(&self.dir)? {
            let path = entry.at(&self.dir)?.path();
            if path.extension().is_some_and(|e| e == "wal") {
                paths.push(path);
            }
        }
        paths.sort();
        Ok(paths)
    }

    /// Reads every segment, oldest first, gives each frame to `visit`, and cuts a torn tail off
    /// the last one.
    ///
    /// # Errors
    /// [`LakeError::Corrupt`] for damage anywhere else.
    pub(crate) fn recover(
        &self,
        mut visit: impl FnMut(u64, &[u8]) -> Result<(), &'static str>,
    ) -> Result<Vec<Segment>> {
        let paths = self.list()?;
        let mut segments: Vec<Segment> = Vec::new();
        for (at, path) in paths.iter().enumerate() {
            let is_last = at + 1 == paths.len();
            let (first, after_gap) = self.read_header(path)?;
            if let Some(before) = segments.last()
                && first != before.last + 1
                && !(after_gap && first > before.last)
            {
                return Err(corrupt(path, 0, "frames before it are missing"));
            }
            let bytes = fs::metadata(path).at(path)?.len();
            let mut reader = GroupReader::open(path, first)?;
            loop {
                match reader.next_group(bytes)? {
                    Group::End => break,
                    Group::Frames(frames) => {
                        let offset = reader.group_offset;
                        for (position, frame) in frames {
                            visit(position, &frame).map_err(|r| corrupt(path, offset, r))?;
                        }
                    }
                    Group::Torn if is_last => {
                        self.cut(path, reader.offset, bytes)?;
                        break;
                    }
                    Group::Torn => {
                        return Err(corrupt(path, reader.offset, "the segment is cut short"));
                    }
                }
            }
            segments.push(Segment {
                first,
                last: reader.next_position - 1,
                bytes: reader.offset,
                path: path.clone(),
            });
        }
        self.drop_empty(segments)
    }

    /// Removes an empty last segment: the next opening starts one of the same name.
    fn drop_empty(&self, mut segments: Vec<Segment>) -> Result<Vec<Segment>> {
        if segments.len() > 1
            && let Some(last) = segments.pop_if(|segment| segment.last < segment.first)
        {
            fs::remove_file(&last.path).at(&last.path)?;
        }
        Ok(segments)
    }

    /// Sets the bytes after `offset` aside and cuts the segment there.
    fn cut(&self, path: &Path, offset: u64, bytes: u64) -> Result<()> {
        tracing::warn!(
            segment = %path.display(),
            offset,
            bytes = bytes - offset,
            "the log ends in a write that was never acknowledged: it is set aside"
        );
        let file = fs::OpenOptions::new()
            .read(true)
            .write(true)
            .open(path)
            .at(path)?;
        let mut tail = vec![0; usize::try_from(bytes - offset).unwrap_or(0)];
        file.read_exact_at(&mut tail, offset).at(path)?;
        write_atomically(&path.with_extension(format!("{offset}.torn")), &tail)?;
        file.set_len(offset)
            .and_then(|()| file.sync_all())
            .at(path)?;
        sync_dir(&self.dir)
    }

    /// Position of the first frame, and whether a gap before it is known.
    fn read_header(&self, path: &Path) -> Result<(u64, bool)> {
        let mut header = [0; SEGMENT_HEADER as usize];
        File::open(path)
            .at(path)?
            .read_exact(&mut header)
            .map_err(|_| corrupt(path, 0, "the segment has no header"))?;
        let (body, crc) = header.split_at(36);
        if &body[..8] != MAGIC {
            return Err(corrupt(path, 0, "this is not a log segment"));
        }
        let format = u16::from_le_bytes([body[8], body[9]]);
        if format > SEGMENT_FORMAT {
            return Err(LakeError::NewerFormat {
                path: path.to_owned(),
                found: u32::from(format),
                supported: u32::from(SEGMENT_FORMAT),
            });
        }
        if crc32fast::hash(body).to_le_bytes() != crc {
            return Err(corrupt(path, 0, "the header's checksum does not match"));
        }
        if body[12..28] != *self.stream.as_bytes() {
            return Err(corrupt(path, 12, "the segment belongs to another lake"));
        }
        let mut first = [0; 8];
        first.copy_from_slice(&body[28..36]);
        let first = u64::from_le_bytes(first);
        let named = path
            .file_stem()
            .and_then(|s| s.to_str())
            .and_then(|s| s.parse().ok());
        if named != Some(first) || first == 0 {
            return Err(corrupt(
                path,
                28,
                "the segment's name is not its first position",
            ));
        }
        Ok((first, body[10] == 1))
    }
}

/// What comes next in a segment.
pub(crate) enum Group {
    /// Nothing: the end.
    End,
    /// Frames with their positions.
    Frames(Vec<(u64, Vec<u8>)>),
    /// The rest is the beginning of a write that was never synced.
    Torn,
}

/// Reads a segment group by group.
pub(crate) struct GroupReader {
    file: File,
    path: PathBuf,
    /// Where the next group starts.
    pub(crate) offset: u64,
    /// Where the group read last started.
    pub(crate) group_offset: u64,
    /// Position of the next frame.
    pub(crate) next_position: u64,
}

impl GroupReader {
    pub(crate) fn open(path: &Path, first: u64) -> Result<Self> {
        Ok(Self {
            file: File::open(path).at(path)?,
            path: path.to_owned(),
            offset: SEGMENT_HEADER,
            group_offset: SEGMENT_HEADER,
            next_position: first,
        })
    }

    /// Reads the next group, taking `end` as the segment's size.
    pub(crate) fn next_group(&mut self, end: u64) -> Result<Group> {
        let left = end.saturating_sub(self.offset);
        if left == 0 {
            return Ok(Group::End);
        }
        if left < GROUP_HEADER as u64 {
            return Ok(Group::Torn);
        }
        let mut header = [0; GROUP_HEADER];
        self.file
            .read_exact_at(&mut header, self.offset)
            .at(&self.path)?;
        let Some(head) = GroupHead::parse(&header) else {
            // A torn header is a true beginning followed by zeros only.
            return if self.is_zero(self.offset + GROUP_HEADER as u64, end)? {
                Ok(Group::Torn)
            } else {
                Err(self.corrupt("a group's header does not match its checksum"))
            };
        };
        if head.first != self.next_position {
            return Err(self.corrupt("a group is out of order"));
        }
        let body_at = self.offset + GROUP_HEADER as u64;
        if u64::from(head.bytes) > end - body_at {
            return Ok(Group::Torn);
        }
        let mut body = vec![0; head.bytes as usize];
        self.file.read_exact_at(&mut body, body_at).at(&self.path)?;
        if crc32fast::hash(&body) != head.body_crc {
            let zeros = body.iter().rev().take_while(|b| **b == 0).count();
            let at_end = body_at + u64::from(head.bytes) == end;
            return if at_end && zeros >= body.len().min(512) {
                Ok(Group::Torn)
            } else {
                Err(self.corrupt("a group does not match its checksum"))
            };
        }
        let frames = self.split(&head, &body)?;
        self.group_offset = self.offset;
        self.offset = body_at + u64::from(head.bytes);
        self.next_position += u64::from(head.frames);
        Ok(Group::Frames(frames))
    }

    fn split(&self, head: &GroupHead, mut body: &[u8]) -> Result<Vec<(u64, Vec<u8>)>> {
        let mut frames = Vec::new();
        while let Some((length, rest)) = body.split_first_chunk::<4>() {
            let Some((frame, rest)) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)
            else {
                return Err(self.corrupt("a frame is longer than its group"));
            };
            frames.push((head.first + frames.len() as u64, frame.to_vec()));
            body = rest;
        }
        if !body.is_empty() || frames.len() != head.frames as usize {
            return Err(self.corrupt("a group does not hold the frames it states"));
        }
        Ok(frames)
    }

    fn is_zero(&self, from: u64, to: u64) -> Result<bool> {
        let mut buffer = [0; 8192];
        let mut at = from;
        while at < to {
            let take = (to - at).min(buffer.len() as u64) as usize;
            self.file
                .read_exact_at(&mut buffer[..take], at)
                .at(&self.path)?;
            if buffer[..take].iter().any(|b| *b != 0) {
                return Ok(false);
            }
            at += take as u64;
        }
        Ok(true)
    }

    fn corrupt(&self, reason: &'static str) -> LakeError {
        corrupt(&self.path, self.offset, reason)
    }
}

struct GroupHead {
    bytes: u32,
    frames: u32,
    first: u64,
    body_crc: u32,
}

impl GroupHead {
    fn parse(header: &[u8; GROUP_HEADER]) -> Option<Self> {
        let word = |at: usize| {
            let mut word = [0; 4];
            word.copy_from_slice(&header[at..at + 4]);
            u32::from_le_bytes(word)
        };
        if word(0) != GROUP_MAGIC || crc32fast::hash(&header[..24]) != word(24) {
            return None;
        }
        Some(Self {
            bytes: word(4),
            frames: word(8),
            first: u64::from(word(12)) | (u64::from(word(16)) << 32),
            body_crc: word(20),
        })
    }
}

/// Encodes a group of frames.
pub(crate) fn encode_group(first: u64, frames: &[Vec<u8>]) -> Vec<u8> {
    let body_bytes: usize = frames.iter().map(|f| f.len() + 4).sum();
    let mut bytes = Vec::with_capacity(GROUP_HEADER + body_bytes);
    bytes.extend_from_slice(&GROUP_MAGIC.to_le_bytes());
    bytes.extend_from_slice(&(body_bytes as u32).to_le_bytes());
    bytes.extend_from_slice(&(frames.len() as u32).to_le_bytes());
    bytes.extend_from_slice(&first.to_le_bytes());
    bytes.extend_from_slice(&[0; 8]);
    for frame in frames {
        bytes.extend_from_slice(&(frame.len() as u32).to_le_bytes());
        bytes.extend_from_slice(frame);
    }
    let body_crc = crc32fast::hash(&bytes[GROUP_HEADER..]);
    bytes[20..24].copy_from_slice(&body_crc.to_le_bytes());
    let header_crc = crc32fast::hash(&bytes[..24]);
    bytes[24..28].copy_from_slice(&header_crc.to_le_bytes());
    bytes
}

fn corrupt(path: &Path, offset: u64, reason: &'static str) -> LakeError {
    LakeError::Corrupt {
        file: path.to_owned(),
        offset,
        reason,
    }
}
