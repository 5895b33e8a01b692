//! The lake's own format: `lake.json` at its root. A newer one is refused with a sentence, an
//! older one is migrated step by step after the folder was copied aside.
//!
//! The parts have versions of their own (log segments, ledger, cursors, columns); this one
//! changes when the layout of the folder does.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::durable::{create_dir, is_half_written, read_versioned, sync_file, write_document};
use crate::error::{AtPath, LakeError, Result};

/// Brings a folder from one format to the next.
type Migration = fn(&Path) -> Result<()>;

/// The migration at index `i` leads from format `i + 1` to `i + 2`.
const MIGRATIONS: &[Migration] = &[];

/// Identity of a lake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    /// Identity of its log, and the Delta application id of what is flushed from it.
    pub(crate) stream: uuid::Uuid,
}

fn newest(migrations: &[Migration]) -> u32 {
    migrations.len() as u32 + 1
}

pub(crate) fn format_path(dir: &Path) -> PathBuf {
    dir.join("lake.json")
}

/// Opens a lake's folder, making a new one where there is none.
pub(crate) fn open(dir: &Path) -> Result<Identity> {
    open_with(dir, MIGRATIONS)
}

fn open_with(dir: &Path, migrations: &[Migration]) -> Result<Identity> {
    create_dir(dir)?;
    let path = format_path(dir);
    let newest = newest(migrations);
    match read_versioned::<Identity>(&path, newest)? {
        Some((found, identity)) if found < newest => {
            migrate(dir, found, migrations)?;
            write_document(&path, newest, &identity)?;
            Ok(identity)
        }
        Some((_, identity)) => Ok(identity),
        None if dir.join("wal").exists() || dir.join("tables").exists() => {
            Err(LakeError::Corrupt {
                file: path,
                offset: 0,
                reason: "the file is missing from a folder that holds a lake",
            })
        }
        None => {
            let identity = Identity {
                stream: uuid::Uuid::new_v4(),
            };
            write_document(&path, newest, &identity)?;
            Ok(identity)
        }
    }
}

fn migrate(dir: &Path, found: u32, migrations: &[Migration]) -> Result<()> {
    let name = dir.file_name().and_then(|n| n.to_str()).unwrap_or("lake");
    let copy = dir.with_file_name(format!("{name}.before-format-{}", newest(migrations)));
    tracing::info!(from = found, copy = %copy.display(), "migrating the lake");
    copy_tree(dir, &copy)?;
    for step in &migrations[found.saturating_sub(1) as usize..] {
        step(dir)?;
    }
    Ok(())
}

/// Copies a folder, synced. Half-written documents are left out: they get their name, or go, while
/// others append.
pub(crate) fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    create_dir(to)?;
    for entry in fs::read_dir(from).at(from)? {
        let entry = entry.at(from)?;
        if is_half_written(&entry.file_name()) {
            continue;
        }
        let target = to.join(entry.file_name());
        if entry.file_type().at(&entry.path())?.is_dir() {
            copy_tree(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target).at(&target)?;
            sync_file(&target)?;
        }
    }
    crate::durable::sync_dir(to)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn leave_mark(dir: &Path) -> Result<()> {
        fs::write(dir.join("migrated"), "yes").at(dir)
    }

    #[test]
    fn a_newer_format_is_refused_with_a_sentence() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("lake");
        let identity = open_with(&dir, &[leave_mark]).unwrap();
        assert_eq!(open_with(&dir, &[leave_mark]).unwrap(), identity);
        let error = open_with(&dir, &[]).unwrap_err().to_string();
        assert!(error.ends_with("use a newer Watchfloor"), "{error}");
    }

    #[test]
    fn an_older_format_is_copied_aside_and_migrated_once() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("lake");
        let identity = open_with(&dir, &[]).unwrap();
        assert_eq!(open_with(&dir, &[leave_mark]).unwrap(), identity);
        assert!(dir.join("migrated").exists());
        let copy = root.path().join("lake.before-format-2");
        assert!(copy.join("lake.json").exists() && !copy.join("migrated").exists());
        fs::remove_file(dir.join("migrated")).unwrap();
        open_with(&dir, &[leave_mark]).unwrap();
        assert!(!dir.join("migrated").exists());
    }

    #[test]
    fn a_copy_leaves_half_written_documents_out() {
        let root = tempfile::tempdir().unwrap();
        let (from, to) = (root.path().join("from"), root.path().join("to"));
        fs::create_dir_all(from.join("a")).unwrap();
        for name in ["a/columns.json", "a/columns.tmp"] {
            fs::write(from.join(name), name).unwrap();
        }
        copy_tree(&from, &to).unwrap();
        assert_eq!(
            fs::read(to.join("a/columns.json")).unwrap(),
            b"a/columns.json"
        );
        assert!(!to.join("a/columns.tmp").exists());
    }

    #[test]
    fn a_lake_without_its_format_file_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("lake");
        open_with(&dir, &[]).unwrap();
        fs::create_dir(dir.join("wal")).unwrap();
        fs::remove_file(format_path(&dir)).unwrap();
        assert!(matches!(
            open_with(&dir, &[]),
            Err(LakeError::Corrupt { .. })
        ));
    }
}
