//! What the scheduler remembers over a restart, in one small file.
//!
//! The file is replaced as a whole (written beside, synced, renamed). Format 1, JSON.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use schema::AlertId;
use serde::{Deserialize, Serialize};

const FORMAT: u32 = 1;

/// Why the state could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The operating system refused.
    #[error("`{path}`: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Not what this crate writes.
    #[error("`{path}` is damaged: {source}; move it aside to start the rules' schedules anew")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        source: serde_json::Error,
    },
    /// Written by a newer Watchfloor.
    #[error(
        "`{path}` has format {found}, this version reads up to {FORMAT}: use a newer Watchfloor"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
}

/// One alert that later windows may see again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Raised {
    pub(crate) id: AlertId,
    /// End of the last window that saw it.
    pub(crate) last_to: Timestamp,
}

/// One rule's schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RuleSchedule {
    /// One nominal time; all others follow from it.
    pub(crate) anchor: Timestamp,
    /// Nominal time up to which windows ran.
    pub(crate) done_until: Timestamp,
    /// End of the last window that ran; files of before 2026-11-24 have none.
    #[serde(default)]
    pub(crate) last_run: Option<Timestamp>,
    /// Nominal times of windows that got rows after they ran.
    pub(crate) dirty: BTreeSet<Timestamp>,
    /// No run before this time.
    pub(crate) suppressed_until: Option<Timestamp>,
    /// Alerts by row key.
    pub(crate) raised: BTreeMap<String, Raised>,
}

impl RuleSchedule {
    /// A rule seen for the first time: its first window ends at `anchor`.
    pub(crate) fn new(anchor: Timestamp, frequency: SignedDuration) -> Self {
        Self {
            anchor,
            done_until: anchor.checked_sub(frequency).unwrap_or(anchor),
            last_run: None,
            dirty: BTreeSet::new(),
            suppressed_until: None,
            raised: BTreeMap::new(),
        }
    }
}

/// All schedules.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ScheduleState {
    format: u32,
    pub(crate) rules: BTreeMap<String, RuleSchedule>,
}

impl ScheduleState {
    pub(crate) fn load(path: &Path) -> Result<Self, StateError> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Self {
                    format: FORMAT,
                    ..Self::default()
                });
            }
            Err(source) => {
                return Err(StateError::Io {
                    path: path.to_owned(),
                    source,
                });
            }
        };
        let damaged = |source| StateError::Damaged {
            path: path.to_owned(),
            source,
        };
        let probe: serde_json::Value = serde_json::from_str(&text).map_err(damaged)?;
        let found = probe["format"]
            .as_u64()
            .and_then(|format| u32::try_from(format).ok())
            .unwrap_or(0);
        if found > FORMAT {
            return Err(StateError::Newer {
                path: path.to_owned(),
                found,
            });
        }
        serde_json::from_value(probe).map_err(damaged)
    }

    pub(crate) fn save(&self, path: &Path) -> Result<(), StateError> {
        let io = |source| StateError::Io {
            path: path.to_owned(),
            source,
        };
        let text = serde_json::to_vec(self).map_err(|source| StateError::Damaged {
            path: path.to_owned(),
            source,
        })?;
        let beside = path.with_extension("new");
        let mut file = File::create(&beside).map_err(io)?;
        file.write_all(&text)
            .and_then(|()| file.sync_all())
            .map_err(io)?;
        std::fs::rename(&beside, path).map_err(io)?;
        match path.parent().map(File::open) {
            Some(Ok(folder)) => folder.sync_all().map_err(io),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_file_is_refused_and_an_absent_one_is_empty() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("schedules.json");
        let state = ScheduleState::load(&path).unwrap();
        state.save(&path).unwrap();
        assert_eq!(ScheduleState::load(&path).unwrap(), state);
        std::fs::write(&path, r#"{"format":9,"rules":{}}"#).unwrap();
        assert!(matches!(
            ScheduleState::load(&path),
            Err(StateError::Newer { found: 9, .. })
        ));
        std::fs::write(&path, "{").unwrap();
        assert!(matches!(
            ScheduleState::load(&path),
            Err(StateError::Damaged { .. })
        ));
    }
}
