//! Backup of a live installation into one file, and its restoration into an empty data folder.
//!
//! The file is a zip archive: the parts of the data folder, and last `backup.json` with format,
//! time, and size and BLAKE3 hash of every part. While it is taken nothing moves between the
//! parts: detections and the delivery of own rows wait, so that cases, cursors and tables belong
//! to one moment. Intake and queries go on.
//!
//! Restoring reads the whole archive against its list before it writes anything, unpacks beside
//! the place, and moves the parts in at the end. A folder where that was cut off is not opened.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::path::{Component, Path, PathBuf};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::folder::{self, DataFolder, RESTORING, STAGING_PREFIX};
use crate::platform::Platform;

const FORMAT: u32 = 1;
const MANIFEST: &str = "backup.json";
/// Longest list of parts that is read, bytes.
const MANIFEST_BYTES_MAX: u64 = 1 << 30;

#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    format: u32,
    taken_at: String,
    /// Version of the Watchfloor that took it, for people.
    version: String,
    parts: Vec<Part>,
}

/// One file of the data folder.
#[derive(Debug, Serialize, Deserialize)]
struct Part {
    /// Path in the data folder, with `/`.
    path: String,
    bytes: u64,
    /// BLAKE3, hexadecimal.
    blake3: String,
}

impl Platform {
    /// Writes a backup to `path`, which must not exist. Returns its size in bytes.
    ///
    /// # Errors
    /// When a part can't be copied or the file can't be written; no partial file is left.
    pub async fn backup(&self, path: &Path) -> anyhow::Result<u64> {
        anyhow::ensure!(!path.exists(), "`{}` exists already", path.display());
        // In the data folder: files that never change are linked rather than copied.
        let staging = tempfile::Builder::new()
            .prefix(STAGING_PREFIX)
            .tempdir_in(self.path())?;
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
        let (path, taken_at) = (path.to_owned(), self.now().to_string());
        tokio::task::spawn_blocking(move || pack(staging.path(), &path, taken_at)).await?
    }
}

fn copy_if_there(from: &Path, to: &Path) -> io::Result<()> {
    match std::fs::copy(from, to) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Packs a folder into a new file, whole or not at all.
fn pack(folder: &Path, path: &Path, taken_at: String) -> anyhow::Result<u64> {
    let parent = path.parent().unwrap_or(Path::new("."));
    // Password hashes and the authority's key are in it: a temporary file is the owner's alone.
    let partial = tempfile::NamedTempFile::new_in(parent)
        .with_context(|| format!("cannot write into `{}`", parent.display()))?;
    let mut file = write_archive(folder, partial.as_file(), taken_at)
        .with_context(|| format!("cannot write `{}`", path.display()))?;
    file.flush()?;
    drop(file);
    partial.as_file().sync_all()?;
    let file = partial.persist_noclobber(path)?;
    File::open(parent)?.sync_all()?;
    Ok(file.metadata()?.len())
}

fn write_archive<W: Write + Seek>(
    folder: &Path,
    file: W,
    taken_at: String,
) -> anyhow::Result<BufWriter<W>> {
    let mut zip = ZipWriter::new(BufWriter::new(file));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .large_file(true);
    let mut parts = Vec::new();
    for path in files_below(folder)? {
        let name = member_name(folder, &path)?;
        zip.start_file(name.as_str(), options)?;
        let mut reader = Hashing::new(File::open(&path)?);
        let bytes = io::copy(&mut reader, &mut zip)?;
        parts.push(Part {
            path: name,
            bytes,
            blake3: reader.hex(),
        });
    }
    let manifest = Manifest {
        format: FORMAT,
        taken_at,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        parts,
    };
    zip.start_file(MANIFEST, options)?;
    zip.write_all(&serde_json::to_vec(&manifest)?)?;
    Ok(zip.finish()?)
}

/// All files below a folder, in a fixed order.
fn files_below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(current) = folders.pop() {
        for entry in std::fs::read_dir(&current)? {
            let entry = entry?;
            match entry.file_type()?.is_dir() {
                true => folders.push(entry.path()),
                false => files.push(entry.path()),
            }
        }
    }
    files.sort();
    Ok(files)
}

fn member_name(folder: &Path, path: &Path) -> anyhow::Result<String> {
    let parts: Option<Vec<&str>> = path
        .strip_prefix(folder)?
        .components()
        .map(|part| part.as_os_str().to_str())
        .collect();
    let parts = parts.with_context(|| format!("`{}` has no plain name", path.display()))?;
    Ok(parts.join("/"))
}

/// Hashes what is read through it.
struct Hashing<R> {
    inner: R,
    hasher: blake3::Hasher,
}

impl<R: Read> Hashing<R> {
    fn new(inner: R) -> Self {
        Self {
            inner,
            hasher: blake3::Hasher::new(),
        }
    }

    fn hex(&self) -> String {
        self.hasher.finalize().to_hex().to_string()
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..count]);
        Ok(count)
    }
}

type Archive = ZipArchive<BufReader<File>>;

/// Restores a backup into a data folder that holds nothing yet. Returns when it was taken.
///
/// # Errors
/// When the folder is not empty, or the archive is damaged or from a newer version: then nothing
/// was written. When the disk fails under way, the parts written so far are removed.
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
    let file =
        File::open(archive).with_context(|| format!("cannot read `{}`", archive.display()))?;
    let named = || {
        format!(
            "`{}` is no whole backup; nothing was restored",
            archive.display()
        )
    };
    let mut zip = ZipArchive::new(BufReader::new(file)).with_context(named)?;
    let manifest = read_manifest(&mut zip).with_context(named)?;
    verify(&mut zip, &manifest).with_context(named)?;
    let staging = target.join(RESTORING);
    if let Err(error) = unpack(&mut zip, &manifest, &staging) {
        let _ = std::fs::remove_dir_all(&staging);
        return Err(error.context(format!("cannot write into `{}`", target.display())));
    }
    move_in(&staging, target)?;
    Ok(manifest.taken_at)
}

fn read_manifest(zip: &mut Archive) -> anyhow::Result<Manifest> {
    #[derive(Deserialize)]
    struct Version {
        format: u32,
    }
    let mut text = String::new();
    zip.by_name(MANIFEST)
        .with_context(|| format!("`{MANIFEST}` is missing"))?
        .take(MANIFEST_BYTES_MAX)
        .read_to_string(&mut text)
        .with_context(|| format!("`{MANIFEST}` is damaged"))?;
    let damaged = || format!("`{MANIFEST}` is not readable");
    // The format first: a newer one may look different in the rest.
    let Version { format } = serde_json::from_str(&text).with_context(damaged)?;
    anyhow::ensure!(
        format <= FORMAT,
        "the backup has format {format}, this version reads up to {FORMAT}: use a newer Watchfloor"
    );
    serde_json::from_str(&text).with_context(damaged)
}

/// Reads every part: all that the list names are there and as they were, and nothing else.
fn verify(zip: &mut Archive, manifest: &Manifest) -> anyhow::Result<()> {
    let listed: HashMap<&str, &Part> = manifest
        .parts
        .iter()
        .map(|part| (part.path.as_str(), part))
        .collect();
    anyhow::ensure!(
        listed.len() == manifest.parts.len() && zip.len() == listed.len() + 1,
        "it lists {} parts and holds {}",
        manifest.parts.len(),
        zip.len().saturating_sub(1)
    );
    for at in 0..zip.len() {
        let member = zip.by_index(at)?;
        let name = member.name()?.into_owned();
        if name == MANIFEST {
            continue;
        }
        inside(&name)?;
        let part = listed
            .get(name.as_str())
            .with_context(|| format!("`{name}` is not in its list"))?;
        let mut reader = Hashing::new(member.take(part.bytes.saturating_add(1)));
        let bytes = match name.as_str() {
            "format" => check_format(&mut reader)?,
            _ => io::copy(&mut reader, &mut io::sink())
                .with_context(|| format!("`{name}` is damaged"))?,
        };
        anyhow::ensure!(
            bytes == part.bytes && reader.hex() == part.blake3,
            "`{name}` is damaged"
        );
    }
    Ok(())
}

/// Refuses the data folder of a newer version. Returns the bytes read.
fn check_format(reader: &mut impl Read) -> anyhow::Result<u64> {
    let mut text = String::new();
    let bytes = reader
        .read_to_string(&mut text)
        .context("`format` is damaged")?;
    anyhow::ensure!(
        folder::reads_format(&text),
        "it holds a data folder of format {}, which this version does not read: use a newer Watchfloor",
        text.trim()
    );
    Ok(bytes as u64)
}

fn unpack(zip: &mut Archive, manifest: &Manifest, staging: &Path) -> anyhow::Result<()> {
    std::fs::create_dir(staging)?;
    for part in &manifest.parts {
        let path = staging.join(inside(&part.path)?);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        let mut options = File::options();
        options.write(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        let mut file = options.open(&path)?;
        io::copy(&mut zip.by_name(&part.path)?, &mut file)?;
        file.sync_all()?;
    }
    sync_folders(staging)
}

/// Syncs a folder and those below it.
fn sync_folders(folder: &Path) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_folders(&entry.path())?;
        }
    }
    Ok(File::open(folder)?.sync_all()?)
}

/// Moves the unpacked parts into their place. The emptied folder goes last: while it is there,
/// the data folder is not opened.
fn move_in(staging: &Path, target: &Path) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(staging)? {
        let entry = entry?;
        std::fs::rename(entry.path(), target.join(entry.file_name()))?;
    }
    File::open(target)?.sync_all()?;
    std::fs::remove_dir(staging)?;
    Ok(File::open(target)?.sync_all()?)
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

    /// A backup of a folder with two files, and the folder to restore into.
    fn packed() -> (tempfile::TempDir, PathBuf) {
        let root = tempfile::tempdir().unwrap();
        let from = root.path().join("from");
        std::fs::create_dir_all(from.join("lake/wal")).unwrap();
        std::fs::write(from.join("format"), "1\n").unwrap();
        std::fs::write(from.join("lake/wal/1.wal"), vec![7; 5_000]).unwrap();
        let archive = root.path().join("backup.zip");
        pack(&from, &archive, "2026-03-01T08:00:00Z".into()).unwrap();
        (root, archive)
    }

    fn restored(root: &Path, archive: &Path) -> Result<Vec<(String, Vec<u8>)>, String> {
        let target = tempfile::tempdir_in(root).unwrap();
        let folder = DataFolder::own(target.path()).unwrap();
        let files = || -> Vec<(String, Vec<u8>)> {
            let paths = files_below(target.path()).unwrap().into_iter();
            let named = paths.map(|path| (member_name(target.path(), &path).unwrap(), path));
            let kept = named.filter(|(name, _)| name != "lock");
            kept.map(|(name, path)| (name, std::fs::read(path).unwrap()))
                .collect()
        };
        let before = files();
        match restore(archive, &folder) {
            Ok(_) => Ok(files()),
            Err(error) => {
                assert_eq!(files(), before, "something was written");
                Err(format!("{error:#}"))
            }
        }
    }

    #[test]
    fn a_backup_gives_the_same_files_and_one_cut_anywhere_is_refused() {
        let (root, archive) = packed();
        let files = restored(root.path(), &archive).unwrap();
        assert_eq!(files.len(), 2);
        assert_eq!(files[1], ("lake/wal/1.wal".into(), vec![7; 5_000]));
        let bytes = std::fs::read(&archive).unwrap();
        let cut = root.path().join("cut.zip");
        for length in (0..bytes.len()).step_by(bytes.len() / 40 + 1) {
            std::fs::write(&cut, &bytes[..length]).unwrap();
            let error = restored(root.path(), &cut).unwrap_err();
            assert!(error.contains("is no whole backup"), "{length}: {error}");
        }
    }

    #[test]
    fn an_altered_backup_is_refused_or_gives_the_same_files() {
        let (root, archive) = packed();
        let files = restored(root.path(), &archive).unwrap();
        let bytes = std::fs::read(&archive).unwrap();
        let altered = root.path().join("altered.zip");
        let mut refused = 0;
        for at in (0..bytes.len()).step_by(5) {
            let mut other = bytes.clone();
            other[at] ^= 0x15;
            std::fs::write(&altered, other).unwrap();
            // Bytes that say nothing, such as a member's time of day, may differ.
            match restored(root.path(), &altered) {
                Ok(same) => assert_eq!(same, files, "byte {at}"),
                Err(_) => refused += 1,
            }
        }
        assert!(refused > bytes.len() / 10, "{refused} of {}", bytes.len());
    }

    /// Packs parts under a manifest of the caller's making.
    fn forged(root: &Path, manifest: &serde_json::Value, parts: &[(&str, &[u8])]) -> PathBuf {
        let path = root.join(format!("forged-{}.zip", uuid::Uuid::new_v4()));
        let mut zip = ZipWriter::new(File::create(&path).unwrap());
        let options = SimpleFileOptions::default();
        for (name, bytes) in parts {
            zip.start_file(*name, options).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.start_file(MANIFEST, options).unwrap();
        zip.write_all(manifest.to_string().as_bytes()).unwrap();
        zip.finish().unwrap();
        path
    }

    #[test]
    fn a_newer_backup_or_folder_and_members_beside_the_list_are_refused_with_a_sentence() {
        let root = tempfile::tempdir().unwrap();
        let part = |path: &str, bytes: &[u8]| serde_json::json!({ "path": path, "bytes": bytes.len(), "blake3": blake3::hash(bytes).to_hex().to_string() });
        let manifest = |parts: Vec<serde_json::Value>| serde_json::json!({ "format": FORMAT, "taken_at": "", "version": "", "parts": parts });
        let cases = [
            (
                serde_json::json!({ "format": 99, "shape": "another" }),
                vec![],
                "the backup has format 99, this version reads up to 1: use a newer Watchfloor",
            ),
            (
                manifest(vec![part("format", b"99\n")]),
                vec![("format", &b"99\n"[..])],
                "a data folder of format 99, which this version does not read: use a newer Watchfloor",
            ),
            (
                manifest(vec![]),
                vec![("lake/x", &b"x"[..])],
                "it lists 0 parts and holds 1",
            ),
            (
                manifest(vec![part("lake/y", b"x")]),
                vec![("lake/x", &b"x"[..])],
                "`lake/x` is not in its list",
            ),
            (
                manifest(vec![part("../x", b"x")]),
                vec![("../x", &b"x"[..])],
                "which is no path of a data folder",
            ),
            (
                manifest(vec![part("lake/x", b"y")]),
                vec![("lake/x", &b"x"[..])],
                "`lake/x` is damaged",
            ),
        ];
        for (manifest, parts, sentence) in cases {
            let archive = forged(root.path(), &manifest, &parts);
            let error = restored(root.path(), &archive).unwrap_err();
            assert!(error.contains(sentence), "{error}");
        }
    }

    #[test]
    fn a_folder_that_is_not_empty_is_refused() {
        let (root, archive) = packed();
        let target = root.path().join("used");
        let folder = DataFolder::own(&target).unwrap();
        std::fs::write(target.join("cases.db"), "mine").unwrap();
        let error = restore(&archive, &folder).unwrap_err().to_string();
        assert!(error.contains("is not empty"), "{error}");
        assert_eq!(std::fs::read(target.join("cases.db")).unwrap(), b"mine");
    }
}
