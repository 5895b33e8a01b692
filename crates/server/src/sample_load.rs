//! Loading the sample intrusion, for `serve --demo`.

use std::sync::Arc;

use intake::FileOptions;
use jiff::SignedDuration;

use crate::platform::Platform;

/// Seed of the sample that the demo shows.
const SEED: u64 = 7;

impl Platform {
    /// Makes the sample intrusion with its last event ten minutes ago, imports the people and
    /// assets of its company and takes in its files.
    ///
    /// # Errors
    /// When the files can't be written or taken in.
    pub async fn load_sample(self: &Arc<Self>) -> anyhow::Result<intake::IngestReport> {
        let now = self.now();
        let options = sample::Options::new(SEED, now.checked_sub(SignedDuration::from_mins(10))?);
        let made = tokio::task::spawn_blocking(move || sample::generate(&options)).await?;
        let actor = soc::Actor::system();
        let folder = tempfile::tempdir()?;
        for file in &made.files {
            match file.path.as_str() {
                "context/identities.csv" => {
                    self.store
                        .import_identities(&file.bytes, "sample", &actor, now)
                        .await?;
                }
                "context/assets.csv" => {
                    self.store
                        .import_assets(&file.bytes, "sample", &actor, now)
                        .await?;
                }
                path => {
                    let path = folder.path().join(path);
                    if let Some(parent) = path.parent() {
                        std::fs::create_dir_all(parent)?;
                    }
                    std::fs::write(path, &file.bytes)?;
                }
            }
        }
        let paths = vec![folder.path().to_owned()];
        Ok(self
            .intake
            .files(paths, FileOptions::default(), |_| {})
            .await?)
    }
}
