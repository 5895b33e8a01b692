//! The lake: everything that is stored and queried as rows.
//!
//! An append goes to a write-ahead log and is acknowledged when it is synced ([`Lake::append`]).
//! From then on its rows are in memory for queries ([`Lake::table`]) and its frames come to
//! stream readers ([`Lake::stream`]). A flush writes rows as Parquet files and commits them to a
//! Delta table, one per Log Analytics table, that other engines can read; compaction, retention
//! and vacuum look after the files.
//!
//! Not here: decoding (crate `sources`), KQL (crates `kql`, `kql-engine`), cases (crate `soc`).
//!
//! The folder:
//!
//! | path | holds |
//! | --- | --- |
//! | `lake.json` | format version and identity |
//! | `wal/*.wal` | log segments, named by their first position |
//! | `tables/<Table>/` | a Delta table; `_watchfloor/` in it is ours |
//! | `ledger.json` | receipts, counts per source, usage, up to a log position |
//! | `cursors/*.json` | positions of stream readers |
//!
//! Start at [`Lake::open`]; `shared.rs` shows how a frame becomes visible, `table.rs` how rows
//! reach files.

mod adapter;
mod backup;
mod clock;
mod columns;
mod data_file;
mod delta;
mod durable;
mod error;
mod format;
mod frame;
mod index;
mod join_filter;
mod lake;
mod ledger;
mod maintain;
mod options;
mod rows;
mod scan;
mod scan_parts;
mod shared;
mod stream;
mod table;
mod time_bounds;
mod view_source;
mod wal;

pub use clock::{Clock, ManualClock, SystemClock};
pub use error::{LakeError, Result};
pub use frame::{FRAME_BYTES_MAX, Frame, FrameCounts, ReceiptKey, ReceiptKind, ReceiptPart};
pub use index::{TextCalls, TextPlace, TextTest};
pub use lake::{Appended, Lake, LakeStats, TableStats};
pub use ledger::{Receipt, SourceCounts, SourceStats, Usage};
pub use maintain::Maintained;
pub use options::{FreeSpace, LakeOptions, Retention, Step, StepHook};
pub use scan::LakeTable;
pub use stream::{StreamFrame, StreamReader};
