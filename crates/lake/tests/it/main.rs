//! The lake from outside, in one test binary (each one links all of DataFusion).
#![allow(clippy::unwrap_used)]

mod append;
mod backup;
mod crash;
mod damage;
mod flush;
mod harness;
mod index;
mod large;
mod other_engine;
mod recovery;
mod stream;
mod upkeep;
