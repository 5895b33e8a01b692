//! Tabular operators that have no counterpart in DataFusion, one module each.
//!
//! `mv_expand` and `parse` are functions a plan's own `Unnest` and `Projection` use, so they stream and run in
//! parallel. The others work on rows that are already collected: they need all of them, in order, or their
//! schema depends on the data.

pub(crate) mod bag_unpack;
pub(crate) mod graph;
pub(crate) mod graph_match;
pub(crate) mod make_series;
pub(crate) mod mv_expand;
pub(crate) mod parse;
pub(crate) mod parse_kv;
pub(crate) mod pivot;
pub(crate) mod plugins;
pub(crate) mod rows;
pub(crate) mod scan;
pub(crate) mod window;
