//! Writes Windows event logs: `.evtx` files with their header, 64 KiB chunks, checksums, name and
//! template tables, and records in BinXML.
//!
//! As Windows does, a record is an instance of a template for `Event/System`, whose last value is a
//! fragment with an instance of the event's own template for `EventData`. Start reading at
//! [`write`]. This is no general writer: one provider's `EventData` with named values is all it knows.

mod binxml;
mod value;

pub use value::Value;

use binxml::{Arena, Fill, Node, TYPE_BINXML, Template};
use flate2::Crc;
use jiff::Timestamp;
use uuid::Uuid;

const FILE_HEADER_LEN: usize = 4096;
const CHUNK_LEN: usize = 65_536;
const CHUNK_HEADER_LEN: usize = 512;
const RECORD_HEADER_LEN: usize = 24;
const XMLNS: &str = "http://schemas.microsoft.com/win/2004/08/events/event";

/// One event of a Windows log.
#[derive(Clone, Debug)]
pub struct Record {
    /// When it happened.
    pub at: Timestamp,
    /// The provider's name, such as `Microsoft-Windows-Sysmon`.
    pub provider: &'static str,
    /// The provider's GUID.
    pub provider_guid: Uuid,
    /// The channel, such as `Security`.
    pub channel: &'static str,
    /// The computer's full name.
    pub computer: String,
    /// The event's number.
    pub event_id: u16,
    /// The version of the event's layout.
    pub version: u8,
    /// The level (0 for audit events, 4 for information).
    pub level: u8,
    /// The task category.
    pub task: u16,
    /// The operation code.
    pub opcode: u8,
    /// The keyword bits.
    pub keywords: u64,
    /// The process that logged it.
    pub process_id: u32,
    /// The thread that logged it.
    pub thread_id: u32,
    /// The account that logged it, where the channel tells.
    pub user_sid: Option<String>,
    /// The names and values of `EventData`, in order.
    pub data: Vec<(&'static str, Value)>,
}

/// A record is larger than a chunk, so no `.evtx` file can hold it.
#[derive(Debug)]
pub struct RecordTooLarge {
    /// The record's number.
    pub record_id: u64,
}

impl std::fmt::Display for RecordTooLarge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "record does not fit in a chunk: {}", self.record_id)
    }
}

impl std::error::Error for RecordTooLarge {}

/// Writes the records, in the order given, as one `.evtx` file. They are numbered from `first_id`.
///
/// # Errors
/// [`RecordTooLarge`] when one record exceeds a chunk (about 65,000 bytes).
pub fn write(records: &[Record], first_id: u64) -> Result<Vec<u8>, RecordTooLarge> {
    let mut chunks = Vec::new();
    let mut chunk = Chunk::new(first_id);
    for (record_id, record) in (first_id..).zip(records) {
        if !chunk.push(record, record_id) {
            let full = std::mem::replace(&mut chunk, Chunk::new(record_id));
            chunks.push(full.finish());
            if !chunk.push(record, record_id) {
                return Err(RecordTooLarge { record_id });
            }
        }
    }
    chunks.push(chunk.finish());

    let next_id = first_id + records.len() as u64;
    let mut file = file_header(chunks.len(), next_id);
    chunks.iter().for_each(|bytes| file.extend(bytes));
    Ok(file)
}

fn file_header(chunks: usize, next_id: u64) -> Vec<u8> {
    let mut header = vec![0u8; FILE_HEADER_LEN];
    header[..8].copy_from_slice(b"ElfFile\0");
    put(&mut header, 16, &(chunks as u64 - 1).to_le_bytes());
    put(&mut header, 24, &next_id.to_le_bytes());
    put(&mut header, 32, &128u32.to_le_bytes());
    put(&mut header, 36, &1u16.to_le_bytes());
    put(&mut header, 38, &3u16.to_le_bytes());
    put(&mut header, 40, &(FILE_HEADER_LEN as u16).to_le_bytes());
    put(&mut header, 42, &(chunks as u16).to_le_bytes());
    let checksum = crc(&[&header[..120]]);
    put(&mut header, 124, &checksum.to_le_bytes());
    header
}

struct Chunk {
    arena: Arena,
    first_id: u64,
    last_id: u64,
    last_offset: u32,
}

impl Chunk {
    fn new(first_id: u64) -> Self {
        Self {
            arena: Arena::new(CHUNK_HEADER_LEN),
            first_id,
            last_id: first_id,
            last_offset: 0,
        }
    }

    /// Adds the record, or leaves the chunk as it was and answers false when there is no room.
    fn push(&mut self, record: &Record, record_id: u64) -> bool {
        let mut arena = self.arena.clone();
        let start = arena.bytes.len();
        arena.bytes.extend(b"**\0\0");
        arena.bytes.extend([0; 4]);
        arena.bytes.extend(record_id.to_le_bytes());
        arena.bytes.extend(value::filetime(record.at).to_le_bytes());
        debug_assert_eq!(arena.bytes.len() - start, RECORD_HEADER_LEN);
        write_binxml(&mut arena, record, record_id);
        while !(arena.bytes.len() - start + 4).is_multiple_of(8) {
            arena.bytes.push(0);
        }
        let size = (arena.bytes.len() - start + 4) as u32;
        arena.bytes.extend(size.to_le_bytes());
        put(&mut arena.bytes, start + 4, &size.to_le_bytes());
        if arena.bytes.len() > CHUNK_LEN {
            return false;
        }
        self.arena = arena;
        self.last_id = record_id;
        self.last_offset = start as u32;
        true
    }

    fn finish(self) -> Vec<u8> {
        let free = self.arena.bytes.len();
        let mut bytes = self.arena.bytes;
        let data_checksum = crc(&[&bytes[CHUNK_HEADER_LEN..]]);
        bytes.resize(CHUNK_LEN, 0);
        bytes[..8].copy_from_slice(b"ElfChnk\0");
        for (place, id) in [
            (8, self.first_id),
            (16, self.last_id),
            (24, self.first_id),
            (32, self.last_id),
        ] {
            put(&mut bytes, place, &id.to_le_bytes());
        }
        put(&mut bytes, 40, &128u32.to_le_bytes());
        put(&mut bytes, 44, &self.last_offset.to_le_bytes());
        put(&mut bytes, 48, &(free as u32).to_le_bytes());
        put(&mut bytes, 52, &data_checksum.to_le_bytes());
        let tables = self
            .arena
            .name_heads
            .iter()
            .chain(&self.arena.template_heads);
        for (index, head) in tables.enumerate() {
            put(&mut bytes, 128 + index * 4, &head.to_le_bytes());
        }
        let checksum = crc(&[&bytes[..120], &bytes[128..CHUNK_HEADER_LEN]]);
        put(&mut bytes, 124, &checksum.to_le_bytes());
        bytes
    }
}

fn write_binxml(arena: &mut Arena, record: &Record, record_id: u64) {
    let user = record.user_sid.clone().map_or(Value::Null, Value::Sid);
    let fixed = [
        Value::U8(record.level),
        Value::U8(record.opcode),
        Value::U16(record.task),
        Value::U16(record.event_id),
        Value::Hex64(record.keywords),
        Value::Time(record.at),
        Value::Null,
        Value::U32(record.process_id),
        Value::U32(record.thread_id),
        Value::U64(record_id),
        Value::U8(record.version),
        user,
    ];
    let event_data = event_data_template(record);
    let mut fills: Vec<_> = fixed.iter().map(Fill::Value).collect();
    let values = record.data.iter().map(|(_, value)| value).collect();
    fills.push(Fill::Nested(&event_data, values));
    arena.fragment(&system_template(record), &fills);
}

/// The template all records of one provider, channel and computer share.
fn system_template(record: &Record) -> Template {
    let text = |text: &str| Node::Text(text.to_owned());
    let leaf = |name: &str, node| Node::Element(name.to_owned(), vec![], vec![node]);
    let empty = |name: &str, attributes| Node::Element(name.to_owned(), attributes, vec![]);
    let guid = format!("{{{}}}", record.provider_guid);
    let system = vec![
        empty(
            "Provider",
            vec![("Name", text(record.provider)), ("Guid", Node::Text(guid))],
        ),
        leaf("EventID", Node::Slot(3, 0x06)),
        leaf("Version", Node::Slot(10, 0x04)),
        leaf("Level", Node::Slot(0, 0x04)),
        leaf("Task", Node::Slot(2, 0x06)),
        leaf("Opcode", Node::Slot(1, 0x04)),
        leaf("Keywords", Node::Slot(4, 0x15)),
        empty("TimeCreated", vec![("SystemTime", Node::Slot(5, 0x11))]),
        leaf("EventRecordID", Node::Slot(9, 0x0a)),
        empty("Correlation", vec![("ActivityID", Node::Slot(6, 0x0f))]),
        empty(
            "Execution",
            vec![
                ("ProcessID", Node::Slot(7, 0x08)),
                ("ThreadID", Node::Slot(8, 0x08)),
            ],
        ),
        leaf("Channel", text(record.channel)),
        leaf("Computer", text(&record.computer)),
        empty("Security", vec![("UserID", Node::Slot(11, 0x13))]),
    ];
    let children = vec![
        Node::Element("System".to_owned(), vec![], system),
        Node::Slot(12, TYPE_BINXML),
    ];
    Template {
        id: template_id(&[record.provider, record.channel, &record.computer]),
        root: Node::Element("Event".to_owned(), vec![("xmlns", text(XMLNS))], children),
    }
}

/// The template of one event's `EventData`: a `Data` element for each name.
fn event_data_template(record: &Record) -> Template {
    let data = record
        .data
        .iter()
        .enumerate()
        .map(|(index, (name, value))| {
            let slot = Node::Slot(index as u16, value.type_byte());
            let name = Node::Text((*name).to_owned());
            Node::Element("Data".to_owned(), vec![("Name", name)], vec![slot])
        });
    let number = format!("{}/{}", record.event_id, record.version);
    let mut parts = vec![record.provider, &number];
    parts.extend(record.data.iter().map(|(name, _)| *name));
    Template {
        id: template_id(&parts),
        root: Node::Element("EventData".to_owned(), vec![], data.collect()),
    }
}

fn template_id(parts: &[&str]) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, parts.join("\n").as_bytes())
}

fn put(bytes: &mut [u8], at: usize, field: &[u8]) {
    bytes[at..at + field.len()].copy_from_slice(field);
}

fn crc(parts: &[&[u8]]) -> u32 {
    let mut crc = Crc::new();
    parts.iter().for_each(|part| crc.update(part));
    crc.sum()
}

#[cfg(test)]
mod tests;
