//! The case store: one SQLite file in WAL mode, its format version, and transactions.
//!
//! Every change runs in one `BEGIN IMMEDIATE` transaction that also writes the history and the
//! outbox. The SQL is the subset that PostgreSQL takes too (`$n` parameters, `ON CONFLICT`,
//! `BIGINT` instants in microseconds); [`Db`] is the one place that names the data base.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use rand::RngCore;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, Row, SqlitePool, Transaction};
use tokio::sync::{MutexGuard, watch};

use crate::{Error, Result, Settings};

/// The data base behind the store.
pub(crate) type Db = sqlx::Sqlite;
/// A connection to it.
pub(crate) type Conn = sqlx::SqliteConnection;
/// A row of it.
pub(crate) type DbRow = sqlx::sqlite::SqliteRow;

/// Format versions in order: version, name, statements.
const MIGRATIONS: &[(i64, &str, &str)] = &[
    (
        1,
        "people",
        include_str!("../migrations/sqlite/0001_people.sql"),
    ),
    (
        2,
        "context",
        include_str!("../migrations/sqlite/0002_context.sql"),
    ),
    (
        3,
        "cases",
        include_str!("../migrations/sqlite/0003_cases.sql"),
    ),
];

/// Incidents, alerts, people and context.
pub struct Store {
    pub(crate) pool: SqlitePool,
    writer: tokio::sync::Mutex<()>,
    rng: Mutex<Box<dyn RngCore + Send>>,
    /// Password hashes being computed at once: each takes 19 MiB.
    pub(crate) hashing: tokio::sync::Semaphore,
    commits: watch::Sender<u64>,
    pub(crate) settings: Settings,
}

/// Most password hashes computed at once.
const HASHES_AT_ONCE: usize = 4;

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// A write transaction; dropped without [`WriteTx::commit`] it changes nothing.
pub(crate) struct WriteTx<'a> {
    tx: Transaction<'static, Db>,
    _one_writer: MutexGuard<'a, ()>,
    commits: &'a watch::Sender<u64>,
}

impl WriteTx<'_> {
    pub(crate) fn conn(&mut self) -> &mut Conn {
        &mut self.tx
    }

    pub(crate) async fn commit(self) -> Result<()> {
        self.tx.commit().await?;
        self.commits.send_modify(|count| *count += 1);
        Ok(())
    }
}

impl Store {
    /// Opens the store at `path`, making it when it isn't there. An older format is migrated after
    /// a copy was put beside it (`<path>.v<version>.bak`).
    ///
    /// `rng` makes tokens and salts: it must be cryptographically strong.
    ///
    /// # Errors
    /// [`Error::NewerFormat`] for a file of a newer version; [`Error::Database`] otherwise.
    pub async fn open(
        path: &Path,
        settings: Settings,
        rng: Box<dyn RngCore + Send>,
        now: Timestamp,
    ) -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // WAL with FULL: a committed change survives power loss.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(15));
        let pool = SqlitePoolOptions::new()
            .max_connections(8)
            .connect_with(options)
            .await?;
        Self::with_pool(pool, Some(path), settings, rng, now).await
    }

    /// Makes a store that lives in memory and ends with the value.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn in_memory(
        settings: Settings,
        rng: Box<dyn RngCore + Send>,
        now: Timestamp,
    ) -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .in_memory(true)
            .foreign_keys(true);
        // Each connection would be a data base of its own: one, kept for ever.
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .min_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options)
            .await?;
        Self::with_pool(pool, None, settings, rng, now).await
    }

    async fn with_pool(
        pool: SqlitePool,
        path: Option<&Path>,
        settings: Settings,
        rng: Box<dyn RngCore + Send>,
        now: Timestamp,
    ) -> Result<Self> {
        let store = Self {
            pool,
            writer: tokio::sync::Mutex::new(()),
            rng: Mutex::new(rng),
            hashing: tokio::sync::Semaphore::new(HASHES_AT_ONCE),
            commits: watch::Sender::new(0),
            settings,
        };
        store.migrate(path, now).await?;
        Ok(store)
    }

    async fn migrate(&self, path: Option<&Path>, now: Timestamp) -> Result<()> {
        let known = MIGRATIONS.last().map_or(0, |migration| migration.0);
        let found = {
            let mut tx = self.write().await?;
            sqlx::query(
                "CREATE TABLE IF NOT EXISTS schema_migrations
                 (version BIGINT PRIMARY KEY, name TEXT NOT NULL, applied_at BIGINT NOT NULL)",
            )
            .execute(tx.conn())
            .await?;
            let found = version(tx.conn()).await?;
            tx.commit().await?;
            found
        };
        if found > known {
            return Err(Error::NewerFormat { found, known });
        }
        if let Some(path) = path
            && found > 0
            && found < known
        {
            let mut copy = path.as_os_str().to_owned();
            copy.push(format!(".v{found}.bak"));
            self.backup_to(&PathBuf::from(copy)).await?;
        }
        let mut tx = self.write().await?;
        // Read again: another process may have migrated in between.
        let found = version(tx.conn()).await?;
        for (version, name, statements) in MIGRATIONS.iter().filter(|(v, ..)| *v > found) {
            sqlx::raw_sql(*statements).execute(tx.conn()).await?;
            sqlx::query(
                "INSERT INTO schema_migrations (version, name, applied_at) VALUES ($1, $2, $3)",
            )
            .bind(version)
            .bind(*name)
            .bind(micros(now))
            .execute(tx.conn())
            .await?;
        }
        tx.commit().await
    }

    /// The format version of the store's file.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn format_version(&self) -> Result<i64> {
        version(&mut *self.pool.acquire().await?).await
    }

    /// Writes a consistent copy to `path` while the store is in use. An existing file is replaced
    /// once the copy is complete and on disk.
    ///
    /// # Errors
    /// [`Error::File`] when a file can't be written or moved, [`Error::Database`] when the copy
    /// fails.
    pub async fn backup_to(&self, path: &Path) -> Result<()> {
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        let failed = |source| Error::File {
            path: path.display().to_string(),
            source,
        };
        match std::fs::remove_file(&part) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(failed(error));
            }
            _ => {}
        }
        sqlx::query("VACUUM INTO $1")
            .bind(part.to_string_lossy().into_owned())
            .execute(&self.pool)
            .await?;
        std::fs::File::open(&part)
            .and_then(|file| file.sync_all())
            .map_err(failed)?;
        std::fs::rename(&part, path).map_err(failed)
    }

    /// Closes the store after its work is done; the WAL is folded into the file.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Tells when something was committed: wait for a change, then read the outbox. The number says
    /// nothing more.
    pub fn commits(&self) -> watch::Receiver<u64> {
        self.commits.subscribe()
    }

    /// Settings in use.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(crate) async fn write(&self) -> Result<WriteTx<'_>> {
        let guard = self.writer.lock().await;
        let tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        Ok(WriteTx {
            tx,
            _one_writer: guard,
            commits: &self.commits,
        })
    }

    pub(crate) fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.rng
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .fill_bytes(&mut bytes);
        bytes
    }
}

async fn version(conn: &mut Conn) -> Result<i64> {
    let row = sqlx::query("SELECT COALESCE(MAX(version), 0) AS version FROM schema_migrations")
        .fetch_one(conn)
        .await?;
    Ok(row.try_get("version")?)
}

/// Statements that are put together from our own constants, never from input.
pub(crate) fn composed(sql: String) -> AssertSqlSafe<String> {
    AssertSqlSafe(sql)
}

pub(crate) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

pub(crate) fn micros_opt(at: Option<Timestamp>) -> Option<i64> {
    at.map(micros)
}

pub(crate) fn timestamp(micros: i64) -> Result<Timestamp> {
    Timestamp::from_microsecond(micros).map_err(|_| Error::Corrupt {
        expected: "an instant",
        value: micros.to_string(),
    })
}

pub(crate) fn timestamp_opt(micros: Option<i64>) -> Result<Option<Timestamp>> {
    micros.map(timestamp).transpose()
}

pub(crate) fn to_json<T: serde::Serialize>(what: &'static str, value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|source| Error::StoredJson { what, source })
}

pub(crate) fn from_json<T: serde::de::DeserializeOwned>(
    what: &'static str,
    text: &str,
) -> Result<T> {
    serde_json::from_str(text).map_err(|source| Error::StoredJson { what, source })
}
