//! Backup of a live installation into one file, and its restoration into an empty data folder.
//!
//! The file is a zip archive: `backup.json` (format, time), then the parts of the data folder.
//! While it is taken nothing moves between the parts: detections and the delivery of own rows
//! wait, so that cases, cursors and tables belong to one moment. Intake and queries go on.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read as _, Write as _};
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::folder::DataFolder;
use crate::platform::Platform;

const FORMAT: u32 = 1;
const MANIFEST: &str = "backup.json";

#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    format: u32,
    taken_at: String,
}

impl Platform {
    /// Writes a backup to `path`, which must not exist. Returns its size in bytes.
    ///
    /// # Errors
    /// When a part can't be copied or the file can't be written; no partial file is left.
    pub async fn backup(&self, path: &Path) -> anyhow::Result<u64> {
        anyhow::ensure!(!path.exists(), "`{}` exists already", path.display());
        let staging = tempfile::tempdir_in(self.path())?;
        {
            let _gate = self.gate.write().await;
            self.store
                .backup_to(&staging.path().join("cases.db"))
                .await?;
            self.lake.snapshot_to(&staging.path().join("lake")).await?;
            copy_if_there(
                &self.folder.schedules(),
                &staging.path().join("schedules.json"),
            )?;
        }
        copy_if_there(&self.path().join("format"), &staging.path().join("format"))?;
        let tls = staging.path().join("tls");
        std::fs::create_dir_all(&tls)?;
        for name in ["ca.pem", "ca.key"] {
            copy_if_there(&self.folder.tls().join(name), &tls.join(name))?;
        }
        let manifest = Manifest {
            format: FORMAT,
            taken_at: self.now().to_string(),
        };
        let (path, folder) = (path.to_owned(), staging.path().to_owned());
        let size = tokio::task::spawn_blocking(move || pack(&folder, &path, &manifest)).await??;
        Ok(size)
    }
}

fn copy_if_there(from: &Path, to: &Path) -> io::Result<()> {
    match std::fs::copy(from, to) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

fn pack(folder: &Path, path: &Path, manifest: &Manifest) -> anyhow::Result<u64> {
    let partial = path.with_extension("partial");
    let written = write_archive(folder, &partial, manifest);
    if let Err(error) = written {
        let _ = std::fs::remove_file(&partial);
        return Err(error);
    }
    std::fs::rename(&partial, path)?;
    Ok(std::fs::metadata(path)?.len())
}

fn write_archive(folder: &Path, path: &Path, manifest: &Manifest) -> anyhow::Result<()> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        // Password hashes and the authority's key are in it.
        options.mode(0o600);
    }
    let mut zip = ZipWriter::new(BufWriter::new(options.open(path)?));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .large_file(true);
    zip.start_file(MANIFEST, options)?;
    zip.write_all(&serde_json::to_vec(manifest)?)?;
    let mut folders = vec![folder.to_owned()];
    while let Some(current) = folders.pop() {
        for entry in std::fs::read_dir(&current)? {
            let entry = entry?;
            let relative = entry
                .path()
                .strip_prefix(folder)?
                .to_string_lossy()
                .into_owned();
            if entry.file_type()?.is_dir() {
                zip.add_directory(relative, options)?;
                folders.push(entry.path());
            } else {
                zip.start_file(relative, options)?;
                io::copy(&mut File::open(entry.path())?, &mut zip)?;
            }
        }
    }
    let mut file = zip.finish()?;
    file.flush()?;
    file.get_ref().sync_all()?;
    Ok(())
}

/// Restores a backup into a data folder that holds nothing yet. Returns when it was taken.
///
/// # Errors
/// When the folder is owned or not empty, the archive is damaged or from a newer version.
pub fn restore(archive: &Path, folder: &DataFolder) -> anyhow::Result<String> {
    let target = folder.path();
    let own = ["lock", "format"];
    for entry in std::fs::read_dir(target)? {
        let name = entry?.file_name();
        anyhow::ensure!(
            own.iter().any(|known| name == *known),
            "`{}` is not empty: restore into a new folder (--data-dir)",
            target.display()
        );
    }
    let mut zip = ZipArchive::new(BufReader::new(File::open(archive)?))?;
    let mut text = String::new();
    zip.by_name(MANIFEST)?
        .take(1 << 20)
        .read_to_string(&mut text)?;
    let manifest: Manifest = serde_json::from_str(&text)?;
    anyhow::ensure!(
        manifest.format <= FORMAT,
        "the backup has format {}, this version reads up to {FORMAT}: use a newer Watchfloor",
        manifest.format
    );
    for at in 0..zip.len() {
        let mut member = zip.by_index(at)?;
        let name = member.name()?.into_owned();
        if name == MANIFEST {
            continue;
        }
        let path = target.join(inside(&name)?);
        if member.is_dir() {
            std::fs::create_dir_all(&path)?;
            continue;
        }
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        let mut file = File::create(&path)?;
        io::copy(&mut member, &mut file)?;
        file.sync_all()?;
    }
    Ok(manifest.taken_at)
}

/// A member's path, refused when it would leave the folder.
fn inside(name: &str) -> anyhow::Result<PathBuf> {
    let path = PathBuf::from(name);
    let plain = path
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    anyhow::ensure!(
        plain,
        "the archive holds `{name}`, which is no path of a data folder"
    );
    Ok(path)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_member_outside_the_folder_is_refused() {
        assert!(inside("lake/lake.json").is_ok());
        for name in ["../x", "/etc/passwd", "lake/../../x"] {
            assert!(inside(name).is_err(), "{name}");
        }
    }
}
