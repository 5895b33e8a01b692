//! The data folder: its layout, its version, and the lock that gives it one owner.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

/// Format of the folder as a whole; its parts have versions of their own.
const FORMAT: u32 = 1;
/// Folder that a restoration unpacks into; it is gone once all parts are in their place.
pub(crate) const RESTORING: &str = "restoring";
/// Begin of the name of a folder that a backup is gathered in.
pub(crate) const STAGING_PREFIX: &str = ".backup-";

/// Why a data folder can't be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// The operating system refused.
    #[error("`{path}`: {source}")]
    Io {
        /// File or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Another process owns it.
    #[error("the data folder `{path}` is owned by process {pid}")]
    Owned {
        /// The folder.
        path: PathBuf,
        /// Its owner.
        pid: String,
    },
    /// Written by a newer Watchfloor.
    #[error(
        "`{path}` has format {found}, this version reads up to {FORMAT}: use a newer Watchfloor"
    )]
    Newer {
        /// The folder.
        path: PathBuf,
        /// Its format.
        found: String,
    },
    /// A restoration did not come to its end.
    #[error("the restoration into `{path}` was cut off: empty the folder and restore again")]
    HalfRestored {
        /// The folder.
        path: PathBuf,
    },
}

/// An owned data folder. Dropping it gives it up.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    _lock: File,
}

impl DataFolder {
    /// Takes a folder, making it when it does not exist.
    ///
    /// # Errors
    /// [`FolderError::Owned`] while another process has it; [`FolderError::Newer`];
    /// [`FolderError::HalfRestored`].
    pub fn own(path: &Path) -> Result<Self, FolderError> {
        let at = |path: &Path| {
            let path = path.to_owned();
            move |source| FolderError::Io { path, source }
        };
        std::fs::create_dir_all(path).map_err(at(path))?;
        private(path).map_err(at(path))?;
        let lock_path = path.join("lock");
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&lock_path)
            .map_err(at(&lock_path))?;
        if lock.try_lock().is_err() {
            let mut pid = String::new();
            let _ = lock.read_to_string(&mut pid);
            return Err(FolderError::Owned {
                path: path.to_owned(),
                pid: pid.trim().to_owned(),
            });
        }
        lock.set_len(0)
            .and_then(|()| lock.rewind())
            .and_then(|()| writeln!(lock, "{}", std::process::id()))
            .map_err(at(&lock_path))?;
        check_format(path)?;
        if path.join(RESTORING).exists() {
            return Err(FolderError::HalfRestored {
                path: path.to_owned(),
            });
        }
        remove_stale(path).map_err(at(path))?;
        Ok(Self {
            path: path.to_owned(),
            _lock: lock,
        })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Tables and the write-ahead log.
    pub fn lake(&self) -> PathBuf {
        self.path.join("lake")
    }

    /// The case store.
    pub fn cases(&self) -> PathBuf {
        self.path.join("cases.db")
    }

    /// Schedules of analytics rules.
    pub fn schedules(&self) -> PathBuf {
        self.path.join("schedules.json")
    }

    /// Certificates.
    pub fn tls(&self) -> PathBuf {
        self.path.join("tls")
    }

    /// Where the socket of the owner of a folder is.
    pub fn socket(folder: &Path) -> PathBuf {
        folder.join("watchfloor.sock")
    }
}

/// Whether this version reads a data folder of the format that a `format` file states.
pub(crate) fn reads_format(text: &str) -> bool {
    text.trim()
        .parse::<u32>()
        .is_ok_and(|found| found <= FORMAT)
}

/// Removes what a backup that was cut off left behind.
fn remove_stale(path: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        if entry
            .file_name()
            .to_string_lossy()
            .starts_with(STAGING_PREFIX)
        {
            std::fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

fn check_format(path: &Path) -> Result<(), FolderError> {
    let file = path.join("format");
    let at = |source| FolderError::Io {
        path: file.clone(),
        source,
    };
    match std::fs::read_to_string(&file) {
        Ok(text) if reads_format(&text) => Ok(()),
        Ok(text) => Err(FolderError::Newer {
            path: path.to_owned(),
            found: text.trim().to_owned(),
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            std::fs::write(&file, format!("{FORMAT}\n")).map_err(at)
        }
        Err(error) => Err(at(error)),
    }
}

/// Logs and case data are for the owner alone.
#[cfg(unix)]
fn private(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))
}

#[cfg(not(unix))]
fn private(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_owner_and_a_newer_one_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let owned = DataFolder::own(folder.path()).unwrap();
        let Err(FolderError::Owned { pid, .. }) = DataFolder::own(folder.path()) else {
            panic!("owned twice")
        };
        assert_eq!(pid, std::process::id().to_string());
        drop(owned);
        std::fs::write(folder.path().join("format"), "99\n").unwrap();
        assert!(matches!(
            DataFolder::own(folder.path()),
            Err(FolderError::Newer { .. })
        ));
    }

    #[test]
    fn a_cut_off_restoration_is_refused_and_a_cut_off_backup_is_cleared_away() {
        let folder = tempfile::tempdir().unwrap();
        let stale = folder.path().join(".backup-1");
        std::fs::create_dir_all(stale.join("lake")).unwrap();
        drop(DataFolder::own(folder.path()).unwrap());
        assert!(!stale.exists());
        std::fs::create_dir(folder.path().join(RESTORING)).unwrap();
        let error = DataFolder::own(folder.path()).unwrap_err().to_string();
        assert!(
            error.ends_with("empty the folder and restore again"),
            "{error}"
        );
    }
}
