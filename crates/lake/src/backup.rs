//! A consistent copy of a running lake.
//!
//! The copy holds everything up to one log position and nothing later. It is an ordinary lake:
//! restoring is putting the folder in place. Data files and log entries of tables never change,
//! so they are linked where the file system allows, and copied elsewhere.

use std::fs;
use std::io::Read;
use std::path::Path;

use crate::delta::SIDECAR_DIR;
use crate::durable::{create_dir, is_half_written, sync_dir, sync_file};
use crate::error::{AtPath, LakeError, Result};
use crate::format::{copy_tree, format_path};
use crate::lake::{Inner, Lake};

impl Lake {
    /// Copies the lake to `dir`, which must not exist or be empty. Appends go on meanwhile;
    /// flushes and maintenance wait. Returns the position of the last frame in the copy.
    pub async fn snapshot_to(&self, dir: &Path) -> Result<u64> {
        let dir = dir.to_owned();
        self.blocking(move |inner| inner.snapshot_to(&dir)).await
    }
}

impl Inner {
    fn snapshot_to(&self, to: &Path) -> Result<u64> {
        if to.is_dir() && fs::read_dir(to).at(to)?.next().is_some() {
            return Err(LakeError::BadName {
                name: to.display().to_string(),
                reason: "the folder is not empty",
            });
        }
        create_dir(to)?;
        let shared = &self.shared;
        let from = &shared.options.dir;
        // No file, ledger or segment changes from here on; the log only grows.
        let _layout = self.layout.write();
        // Cursors before the log's position: a cursor must not stand beyond the copy's end.
        copy_tree(&shared.cursors_dir(), &to.join("cursors"))?;
        let barrier = self.appender.barrier()?;
        create_dir(&to.join("wal"))?;
        for segment in &barrier.segments {
            if let Some(name) = segment.path.file_name() {
                copy_prefix(&segment.path, &to.join("wal").join(name), segment.bytes)?;
            }
        }
        sync_dir(&to.join("wal"))?;
        link_tree(&shared.tables_dir(), &to.join("tables"))?;
        for path in [shared.ledger_path(), format_path(from)] {
            if let Some(name) = path.file_name()
                && path.exists()
            {
                fs::copy(&path, to.join(name)).at(&path)?;
                sync_file(&to.join(name))?;
            }
        }
        sync_dir(to)?;
        Ok(barrier.position)
    }
}

fn copy_prefix(from: &Path, to: &Path, bytes: u64) -> Result<()> {
    let source = fs::File::open(from).at(from)?;
    let mut target = fs::File::create(to).at(to)?;
    std::io::copy(&mut source.take(bytes), &mut target).at(to)?;
    target.sync_all().at(to)
}

/// Links the files of a folder, and copies those that may be written again under their name.
fn link_tree(from: &Path, to: &Path) -> Result<()> {
    create_dir(to)?;
    for entry in fs::read_dir(from).at(from)? {
        let entry = entry.at(from)?;
        if is_half_written(&entry.file_name()) {
            continue;
        }
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type().at(&path)?.is_dir() {
            if entry.file_name() == SIDECAR_DIR {
                copy_tree(&path, &target)?;
            } else {
                link_tree(&path, &target)?;
            }
            continue;
        }
        let changes = entry.file_name() == "_last_checkpoint";
        if changes || fs::hard_link(&path, &target).is_err() {
            fs::copy(&path, &target).at(&target)?;
            sync_file(&target)?;
        }
    }
    sync_dir(to)
}
