//! Plugins of `evaluate` over collected rows, and `reduce`. One entry of [`PLUGINS`] each.

mod activity;
mod baskets;
mod diffpatterns_text;
mod funnel;
mod geo_lookup;
mod intersect;
mod ip_lookup;
mod lookup_rows;
mod reduce;
mod reshape;
mod rolling_percentile;
mod schema_merge;
mod sequence_detect;

use arrow::array::RecordBatch;
use datafusion::error::Result;

use super::rows::{Cancel, Output, PluginCall};

/// How a plugin computes: its columns in the order of the plan's, or with their names.
pub(crate) type Run = fn(&PluginCall, &RecordBatch, &Cancel) -> Result<Output>;

const PLUGINS: &[(&str, Run)] = &[
    ("active_users_count", activity::active_users_count),
    ("activity_counts_metrics", activity::counts_metrics),
    ("activity_engagement", activity::engagement),
    ("activity_metrics", activity::metrics),
    ("autocluster", baskets::autocluster),
    ("basket", baskets::basket),
    ("dcount_intersect", intersect::dcount_intersect),
    ("diffpatterns", baskets::diffpatterns),
    ("diffpatterns_text", diffpatterns_text::diffpatterns_text),
    ("estimate_rows_count", reshape::estimate_rows_count),
    ("funnel_sequence", funnel::sequence),
    ("funnel_sequence_completion", funnel::completion),
    ("geo_line_lookup", geo_lookup::lookup),
    ("geo_polygon_lookup", geo_lookup::lookup),
    ("identity", reshape::identity),
    ("identity_v3", reshape::identity),
    ("ipv4_lookup", ip_lookup::lookup),
    ("ipv6_lookup", ip_lookup::lookup),
    ("narrow", reshape::narrow),
    ("new_activity_metrics", activity::new_metrics),
    ("preview", reshape::preview),
    ("reduce", reduce::reduce),
    ("rolling_percentile", rolling_percentile::rolling_percentile),
    ("rows_near", reshape::rows_near),
    ("schema_merge", schema_merge::schema_merge),
    ("sequence_detect", sequence_detect::sequence_detect),
    ("session_count", activity::session_count),
    ("sliding_window_counts", activity::sliding_window_counts),
];

/// The plugin of this name.
pub(crate) fn find(name: &str) -> Option<Run> {
    let found = PLUGINS.iter().find(|(known, _)| *known == name);
    found.map(|(_, run)| *run)
}
