//! Runs the typed plans of crate `kql` on DataFusion, with Kusto's semantics.
//!
//! Start at [`Engine`]. A plan goes through `lowering` (operators and expressions to a DataFusion plan), which
//! calls on `functions` and `aggregates` (kernels, each a function whose name says everything) and on
//! `operators` (what DataFusion has no counterpart for). `values` knows how a KQL value lives in a column.
//!
//! Not here: parsing and binding (crate `kql`), storage (a [`TableSource`] hands in the tables).

mod aggregates;
mod engine;
mod error;
mod filter;
mod functions;
mod lowering;
mod operators;
mod optimiser;
mod parsed_paths;
mod profile;
mod result;
mod staging;
mod table_source;
mod text_filter;
mod values;
mod yielding;

pub use engine::{Engine, EngineOptions, Limits, RunOptions};
pub use error::EngineError;
pub use filter::filter_mask;
pub use profile::{OperatorProfile, Profile, ScanProfile};
pub use result::{QueryResult, ResultTable, Statistics};
pub use table_source::{MemoryTables, TableSource};
pub use text_filter::{TextFilter, TextPlace, takes_views, text_filter};

/// Names of the scalar functions that run, sorted.
#[must_use]
pub fn scalar_function_names() -> Vec<&'static str> {
    let mut names = functions::names();
    names.extend(lowering::NATIVE_FUNCTIONS);
    names.sort_unstable();
    names.dedup();
    names
}

/// Names of the window functions that run, sorted.
#[must_use]
pub fn window_function_names() -> Vec<&'static str> {
    operators::window::NAMES.to_vec()
}

/// Names of the aggregation functions that run, sorted.
#[must_use]
pub fn aggregate_function_names() -> Vec<&'static str> {
    lowering::AGGREGATES.to_vec()
}

/// Rebuilds one of this crate's scalar functions from the name it has in a plan (for a plan codec).
#[must_use]
pub fn scalar_function_by_name(name: &str) -> Option<datafusion::logical_expr::ScalarUDF> {
    functions::udf_by_name(name).or_else(|| operators::mv_expand::udf_by_name(name))
}

/// Rebuilds one of this crate's aggregates from the name it has in a plan (for a plan codec).
#[must_use]
pub fn aggregate_function_by_name(name: &str) -> Option<datafusion::logical_expr::AggregateUDF> {
    aggregates::udaf_by_name(name)
}
