//! The server: the wiring of all parts over one data folder, the HTTP API and the web workbench.
//!
//! [`Platform`] opens the data folder and runs the background work; [`router()`] is the whole HTTP
//! surface over it, which the command line also calls in-process; [`serve()`] listens. Wire types
//! live in `api` and are converted by hand from the crates' own.
//!
//! This crate and `cli` are the only ones that read the clock, randomness or the environment.

mod api;
mod assets;
mod audit;
mod auth;
mod backup;
mod config;
mod error;
mod filters;
mod folder;
mod listen;
mod outbox;
mod platform;
mod query_slots;
mod sample_load;
mod tasks;
mod tls;

pub use api::{openapi_json, router};
pub use auth::Caller;
pub use backup::restore;
pub use config::{Config, ConfigError};
pub use filters::FilterFault;
pub use folder::{DataFolder, FolderError};
pub use listen::{Listening, ServeError, ServeOptions, serve};
pub use platform::{Platform, PlatformError};
