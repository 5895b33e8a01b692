//! The tables are Delta tables that others can read: Python's `deltalake` counts the same rows.

use std::process::Command;

use crate::harness::*;
use jiff::SignedDuration;

/// An interpreter that has `deltalake`: `WATCHFLOOR_PYTHON`, else `python3`.
fn python() -> Option<String> {
    let python = std::env::var("WATCHFLOOR_PYTHON").unwrap_or_else(|_| "python3".into());
    let probe = Command::new(&python)
        .args(["-c", "import deltalake, pyarrow"])
        .output();
    probe
        .is_ok_and(|out| out.status.success())
        .then_some(python)
}

const SCRIPT: &str = r#"
import sys
import deltalake
table = deltalake.DeltaTable(sys.argv[1])
rows = table.to_pyarrow_table(columns=["_ItemId", "Computer", "TimeGenerated", "Facility"])
ids = sorted(int(v) for v in rows["_ItemId"].to_pylist())
one = rows.to_pylist()[0]
assert ids == list(range(len(ids))), ids
assert one["Computer"].startswith("host"), one
assert min(rows["TimeGenerated"].to_pylist()).isoformat().startswith("2026-03-01T08:00:00"), one
from datetime import datetime, timezone
late = table.to_pyarrow_dataset().to_table(
    filter=(__import__("pyarrow.compute").compute.field("TimeGenerated")
            >= datetime(2026, 3, 1, 10, tzinfo=timezone.utc)))
print(len(ids), late.num_rows, table.version(), flush=True)
# Everything is checked and told: the packages' threads can abort an interpreter that takes itself down.
import os
os._exit(0)
"#;

#[tokio::test]
async fn python_reads_the_same_rows_before_and_after_compaction() {
    let Some(python) = python() else {
        println!("skipped: python3 has no `deltalake` (set WATCHFLOOR_PYTHON to one that has)");
        return;
    };
    let t = new_lake();
    for i in 0..40 {
        append(&t, i * 10, 10).await;
        t.lake.flush().await.unwrap();
        t.clock.advance(SignedDuration::from_mins(5));
    }
    for _ in 0..2 {
        let dir = t.dir().join("tables/Syslog");
        let out = Command::new(&python)
            .args(["-c", SCRIPT])
            .arg(&dir)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&out.stdout);
        assert!(
            out.status.success(),
            "{text}{}",
            String::from_utf8_lossy(&out.stderr)
        );
        assert!(text.starts_with("400 160 "), "{text}");
        t.lake.maintain().await.unwrap();
        t.clock.advance(SignedDuration::from_hours(5));
        t.lake.maintain().await.unwrap();
    }
}
