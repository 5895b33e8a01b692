//! A reproducible sample of raw logs: a hybrid intrusion hidden in everyday business.
//!
//! [`generate`] makes files in the vendors' documented formats (EVTX, CloudTrail, diagnostic-setting
//! exports, CEF and syslog, native alerts) and an answer sheet, [`Truth`], from a seed. There is no
//! clock and no environment: the same [`Options`] give the same bytes. Company, people, hosts,
//! addresses and times differ from seed to seed; the company is fictitious, its names lie under
//! `.example` and the internet's side in the ranges kept for documentation (RFC 5737, RFC 2544).
//!
//! Reading order: `world` (the setting), `benign` and `intrusion` (what happens), `formats` (how
//! vendors write it down), `pack` (files), [`evtx_writer`] (binary Windows logs).

mod benign;
mod clock;
mod dice;
mod estate;
pub mod evtx_writer;
mod formats;
mod intrusion;
mod pack;
mod people;
mod streams;
mod truth;
mod world;

pub use truth::{AwsPrincipal, CompromisedAccount, Intrusion, Stage, Truth};

use jiff::Timestamp;
use std::io;
use std::path::Path;

/// The number of benign events unless told otherwise.
pub const BENIGN_EVENTS: usize = 20_000;

/// The name of the answer sheet that [`Sample::write_to`] puts beside the files.
pub const TRUTH_FILE: &str = "truth.json";

/// What to generate.
#[derive(Clone, Debug)]
pub struct Options {
    /// Everything that varies, varies with it.
    pub seed: u64,
    /// Whether a second, unrelated intrusion runs in the same window.
    pub second_intrusion: bool,
    /// When the last event happens. Office hours follow from it.
    pub end: Timestamp,
    /// Moves all events by the same distance so that the last one happens then.
    pub shift_to: Option<Timestamp>,
    /// How many benign events there are, about 170 at least.
    pub benign_events: usize,
}

impl Options {
    /// The hybrid intrusion alone, in the usual number of benign events.
    pub fn new(seed: u64, end: Timestamp) -> Self {
        Self {
            seed,
            second_intrusion: false,
            end,
            shift_to: None,
            benign_events: BENIGN_EVENTS,
        }
    }
}

/// A file of a sample.
#[derive(Clone, Debug, PartialEq)]
pub struct SampleFile {
    /// Path within the sample, with `/` between folders.
    pub path: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// A sample in memory.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The files to ingest and the two tables of context, in order of their paths.
    pub files: Vec<SampleFile>,
    /// What really happened; not to be ingested.
    pub truth: Truth,
}

impl Sample {
    /// Writes the files and `truth.json` under `dir`, which is made when it is missing. Files that
    /// are already there and belong to no sample path stay.
    ///
    /// # Errors
    /// What the file system answers.
    pub fn write_to(&self, dir: &Path) -> io::Result<()> {
        for file in &self.files {
            let path = dir.join(&file.path);
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder)?;
            }
            std::fs::write(path, &file.bytes)?;
        }
        std::fs::write(dir.join(TRUTH_FILE), pack::truth(&self.truth)?)
    }

    /// Gives the content of the file at `path`.
    pub fn file(&self, path: &str) -> Option<&[u8]> {
        let found = self.files.iter().find(|file| file.path == path);
        found.map(|file| file.bytes.as_slice())
    }
}

/// Makes the sample the options describe.
pub fn generate(options: &Options) -> Sample {
    let world = world::World::draw(options);
    let mut streams = streams::Streams::default();
    benign::add(&world, &mut streams, options.benign_events);
    let hybrid = intrusion::add_hybrid(&world, &mut streams);
    let second = options
        .second_intrusion
        .then(|| intrusion::add_second(&world, &mut streams));
    let truth = truth::tell(&world, &streams, hybrid, second);
    Sample {
        files: pack::files(&world, streams),
        truth,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_event_lies_in_the_window_and_the_last_one_at_its_end() {
        for seed in 0..40 {
            let mut options = Options::new(seed, "2026-03-06T16:40:00Z".parse().unwrap());
            options.benign_events = 900;
            let world = world::World::draw(&options);
            let mut streams = streams::Streams::default();
            benign::add(&world, &mut streams, options.benign_events);
            intrusion::add_hybrid(&world, &mut streams);
            intrusion::add_second(&world, &mut streams);
            let instants = streams.instants();
            assert_eq!(instants.iter().max(), Some(&options.end), "seed {seed}");
            assert!(
                instants.iter().min() >= Some(&world.window.start),
                "seed {seed}"
            );
        }
    }
}
