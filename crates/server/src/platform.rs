//! All parts over one data folder.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use detect::{
    AlertSink, Journal, LakeTables, Queries, RuleLibrary, Scheduler, SinkError, StreamMatcher,
};
use intake::Intake;
use jiff::{SignedDuration, Timestamp};
use kql_engine::{Engine, EngineOptions};
use lake::{Clock, Lake, LakeOptions, Retention};
use parking_lot::RwLock;
use schema::Alert;
use tokio::sync::{Mutex, broadcast};

use crate::config::Config;
use crate::filters::KqlFilters;
use crate::folder::{DataFolder, FolderError};
use crate::outbox;
use crate::query_slots::QuerySlots;

/// Why the platform could not start.
#[derive(Debug, thiserror::Error)]
pub enum PlatformError {
    /// The data folder.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The lake.
    #[error(transparent)]
    Lake(#[from] lake::LakeError),
    /// The case store.
    #[error(transparent)]
    Cases(#[from] soc::Error),
    /// The schedules.
    #[error(transparent)]
    Schedules(#[from] detect::StateError),
    /// The query engine.
    #[error(transparent)]
    Engine(#[from] kql_engine::EngineError),
}

/// Something changed that pages show.
#[derive(Debug, Clone)]
pub(crate) enum Live {
    /// An incident, with what happened to it.
    Incident { number: i64, change: &'static str },
    /// Figures of the header.
    Summary,
}

/// All parts, wired. Shared by everything that serves.
pub struct Platform {
    pub(crate) folder: DataFolder,
    pub(crate) config: Config,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) lake: Lake,
    pub(crate) store: Arc<soc::Store>,
    pub(crate) queries: Queries,
    pub(crate) intake: Intake,
    pub(crate) filters: Arc<KqlFilters>,
    pub(crate) rules: RwLock<Arc<RuleLibrary>>,
    pub(crate) live: broadcast::Sender<Live>,
    /// Held shared while something moves between the parts; a backup holds it alone.
    pub(crate) gate: tokio::sync::RwLock<()>,
    pub(crate) journal: Journal,
    pub(crate) query_slots: QuerySlots,
    scheduler: Scheduler,
    matcher: Mutex<StreamMatcher>,
    reader: Mutex<lake::StreamReader>,
}

/// Analytics rules of the starter pack, built into the binary.
#[derive(rust_embed::RustEmbed)]
#[folder = "../../rules/analytics"]
struct StarterAnalytics;

/// Sigma rules of the starter pack.
#[derive(rust_embed::RustEmbed)]
#[folder = "../../rules/sigma"]
struct StarterSigma;

/// Windows that run before other work gets its turn.
const TICK_WINDOWS: usize = 16;

/// Name of the stream matcher's cursor.
const CURSOR: &str = "detections";

impl Platform {
    /// Opens everything in a folder that this process owns.
    ///
    /// # Errors
    /// [`PlatformError`].
    pub async fn open(
        folder: DataFolder,
        config: Config,
        clock: Arc<dyn Clock>,
    ) -> Result<Arc<Self>, PlatformError> {
        let now = clock.now();
        let lake = {
            let options = lake_options(&folder, &config);
            let clock = Arc::clone(&clock);
            tokio::task::spawn_blocking(move || Lake::open(options, clock))
                .await
                .map_err(|_| lake::LakeError::Interrupted("opening the lake"))??
        };
        let settings = soc::Settings {
            tenant_id: config.tenant_id.clone(),
            ..soc::Settings::default()
        };
        let store = Arc::new(
            soc::Store::open(&folder.cases(), settings, crate::auth::random(), now).await?,
        );
        let journal = Journal::default();
        let engine = Engine::new(EngineOptions {
            memory_bytes: config.query_memory_bytes,
            ..EngineOptions::default()
        })?;
        let queries = Queries::new(
            Arc::new(LakeTables(lake.clone())),
            Arc::new(engine),
            journal.clone(),
        );
        let filters = config
            .sources
            .iter()
            .filter_map(|(name, source)| Some((name.clone(), source.filter.clone()?)));
        let filters = KqlFilters::new(filters.collect::<Vec<_>>(), Arc::clone(&clock));
        let filters = Arc::new(filters);
        // An unknown zone was refused when the configuration was read.
        let zones = config
            .sources
            .keys()
            .filter_map(|name| Some((name.clone(), config.zone(name).ok()?)));
        let intake = Intake::new(
            lake.clone(),
            Arc::clone(&filters) as Arc<dyn intake::RowFilter>,
            Arc::clone(&clock),
            config.tenant_id.as_str(),
        )
        .with_zones(zones.collect());
        let (live, _) = broadcast::channel(256);
        let sink = Arc::new(CaseSink {
            store: Arc::clone(&store),
            live: live.clone(),
            clock: Arc::clone(&clock),
        });
        let scheduler =
            Scheduler::open(folder.schedules(), queries.clone(), journal.clone(), sink)?;
        let reader = lake.stream(CURSOR)?;
        let library = Arc::new(load_rules(&config, &queries, &lake, now));
        let platform = Self {
            query_slots: QuerySlots::new(config.queries_per_user),
            matcher: Mutex::new(StreamMatcher::new(Arc::clone(&library.sigma))),
            rules: RwLock::new(library),
            scheduler,
            reader: Mutex::new(reader),
            folder,
            config,
            clock,
            lake,
            store,
            queries,
            intake,
            filters,
            live,
            gate: tokio::sync::RwLock::default(),
            journal,
        };
        platform.apply_rules(now).await;
        Ok(Arc::new(platform))
    }

    /// The platform's clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The data folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The case store.
    pub fn store(&self) -> &soc::Store {
        &self.store
    }

    /// The way in.
    pub fn intake(&self) -> &Intake {
        &self.intake
    }

    /// The way to query.
    pub fn queries(&self) -> &Queries {
        &self.queries
    }

    /// The lake.
    pub fn lake(&self) -> &Lake {
        &self.lake
    }

    /// Reads all rules anew and takes them into use.
    pub async fn reload_rules(&self) {
        let now = self.now();
        let library = Arc::new(load_rules(&self.config, &self.queries, &self.lake, now));
        *self.rules.write() = library;
        self.apply_rules(now).await;
    }

    async fn apply_rules(&self, now: Timestamp) {
        let library = Arc::clone(&self.rules.read());
        self.matcher
            .lock()
            .await
            .set_rules(Arc::clone(&library.sigma));
        self.scheduler.set_rules(&library.analytics, now);
    }

    /// Looks at one more stored frame, waiting for one if `wait`. `false` when there is none.
    pub(crate) async fn match_next(&self, wait: bool) -> anyhow::Result<bool> {
        let mut reader = self.reader.lock().await;
        let next = match wait {
            true => Some(reader.next().await?),
            false => reader.try_next()?,
        };
        let Some(next) = next else { return Ok(false) };
        let _gate = self.gate.read().await;
        let now = self.now();
        let findings = {
            let mut matcher = self.matcher.lock().await;
            // Matching a large frame takes a while; other tasks of this thread go elsewhere.
            tokio::task::block_in_place(|| matcher.frame(&next.frame, now))
        };
        let sink = CaseSink {
            store: Arc::clone(&self.store),
            live: self.live.clone(),
            clock: Arc::clone(&self.clock),
        };
        for alert in findings.alerts {
            sink.raise(alert).await?;
        }
        self.scheduler.note_rows(&findings.touched)?;
        reader.commit(next.position)?;
        Ok(true)
    }

    /// Runs some of the scheduled rules that are due. Few at a time: a backup waits for them.
    pub(crate) async fn tick(&self) -> anyhow::Result<detect::TickReport> {
        let now = self.now();
        let _gate = self.gate.read().await;
        if !self.scheduler.is_due(now) {
            return Ok(detect::TickReport::default());
        }
        Ok(self.scheduler.tick(now, TICK_WINDOWS).await?)
    }

    /// End of the last window that ran, by rule id.
    pub(crate) fn last_runs(&self) -> HashMap<String, Timestamp> {
        self.scheduler.last_runs()
    }

    /// Moves Watchfloor's own rows into the lake.
    pub(crate) async fn write_own_rows(&self) -> anyhow::Result<()> {
        let now = self.now();
        let _gate = self.gate.read().await;
        outbox::deliver(&self.store, &self.lake, &self.config.tenant_id, now).await?;
        outbox::write_journal(&self.journal, &self.lake, &self.config.tenant_id, now).await
    }

    /// Does the waiting work: matching, scheduled rules but for their backfill, own rows. For
    /// commands that run without a server.
    ///
    /// # Errors
    /// When alerts or rows can't be stored; the work stays waiting.
    pub async fn settle(&self) -> anyhow::Result<()> {
        while self.match_next(false).await? {}
        loop {
            let report = self.tick().await?;
            if report.recent == 0 || report.runs == report.failures {
                break;
            }
        }
        self.write_own_rows_if_room().await
    }

    /// On a disk that is nearly full own rows wait, and commands that only look still work.
    async fn write_own_rows_if_room(&self) -> anyhow::Result<()> {
        match self.write_own_rows().await {
            Err(error)
                if error
                    .downcast_ref::<lake::LakeError>()
                    .is_some_and(lake::LakeError::is_retryable) =>
            {
                tracing::warn!(%error, "Watchfloor's own records are not stored now");
                Ok(())
            }
            done => done,
        }
    }

    /// Ends: own rows are stored and rows in memory flushed.
    ///
    /// # Errors
    /// When the lake can't be written; what was acknowledged is in its log.
    pub async fn close(&self) -> anyhow::Result<()> {
        self.write_own_rows_if_room().await?;
        self.lake.flush().await?;
        Ok(())
    }
}

fn lake_options(folder: &DataFolder, config: &Config) -> LakeOptions {
    let mut retention = Retention::default();
    let days = |days: u32| (days > 0).then_some(days);
    for (table, value) in &config.retention_days {
        match table.as_str() {
            "default" => retention.default_days = days(*value),
            table => {
                retention.per_table.insert(table.to_owned(), days(*value));
            }
        }
    }
    LakeOptions {
        retention,
        disk_guard_bytes: config.disk_guard_bytes,
        ..LakeOptions::new(folder.lake())
    }
}

fn embedded<E: rust_embed::RustEmbed>(
    folder: &'static str,
) -> impl Iterator<Item = (String, String)> {
    E::iter().filter_map(move |name| {
        let file = E::get(&name)?;
        Some((
            format!("starter/{folder}/{name}"),
            String::from_utf8_lossy(&file.data).into_owned(),
        ))
    })
}

fn load_rules(config: &Config, queries: &Queries, lake: &Lake, now: Timestamp) -> RuleLibrary {
    let starter: Vec<(String, String)> = match config.starter_rules {
        true => embedded::<StarterAnalytics>("analytics")
            .chain(embedded::<StarterSigma>("sigma"))
            .collect(),
        false => Vec::new(),
    };
    let tables = lake.table_names();
    let has_rows = |name: &str| tables.iter().any(|table| table == name);
    RuleLibrary::load(starter, &config.rules, queries, &has_rows, now)
}

/// Alerts become incidents.
struct CaseSink {
    store: Arc<soc::Store>,
    live: broadcast::Sender<Live>,
    clock: Arc<dyn Clock>,
}

#[async_trait::async_trait]
impl AlertSink for CaseSink {
    async fn raise(&self, alert: Alert) -> Result<(), SinkError> {
        let ingested = self
            .store
            .ingest_alert(&alert, self.clock.now())
            .await
            .map_err(|error| SinkError(error.to_string()))?;
        if ingested.outcome != soc::Outcome::Duplicate {
            if let Some(number) = ingested.incident {
                // Nobody may be listening.
                let _ = self.live.send(Live::Incident {
                    number,
                    change: "alert",
                });
            }
            let _ = self.live.send(Live::Summary);
        }
        Ok(())
    }
}

/// Thirty days: the span that medians are shown over when nobody asks for another.
pub(crate) const FIGURES_SPAN: SignedDuration = SignedDuration::from_hours(30 * 24);
