//! The write-ahead log: the only thing that makes an append durable.
//!
//! A log is a folder of segments named by the position of their first frame. A segment is a
//! 40-byte header, then groups; a group is what one sync covered: a 28-byte header (with a
//! checksum of its own) and one or more frames under one checksum. Groups are synced one after
//! the other, so a crash can tear only the last group of the last segment:
//!
//! - positions count frames from 1, without a gap, over all segments;
//! - a last group that is cut short, or ends in zeros, was never acknowledged: it is set aside
//!   and the segment is cut there;
//! - any other mismatch is damage and refused with file and offset.
//!
//! Every opening starts a new segment. A segment goes away only when all its frames are in
//! tables, in the saved ledger and behind every cursor.

mod segment;
mod writer;

pub(crate) use segment::{Group, GroupReader, LogDir, Segment};
pub(crate) use writer::{Appender, Pending, Refusal, Writer, trim};
