//! What makes a result row the same finding in the next, overlapping window.
//!
//! The group-by values of the query's last `summarize` when they reach the result; else the row's
//! `_ItemId`; else the whole row.

use kql::plan::{ColumnId, Query, Rel, RelOp};
use serde_json::Value as Json;

use crate::result::{ResultRows, cell_text};

/// Result columns that identify a row of one query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RowKeys {
    positions: Vec<usize>,
}

impl RowKeys {
    /// Finds them in a bound query.
    pub(crate) fn of(query: &Query) -> Self {
        let Some(result) = query.results.last() else {
            return Self {
                positions: Vec::new(),
            };
        };
        let ids = last_summarize(result).map(key_ids).unwrap_or_default();
        let mut positions: Vec<usize> = result
            .columns
            .iter()
            .enumerate()
            .filter(|(_, column)| ids.contains(&column.id))
            .map(|(at, _)| at)
            .collect();
        if positions.is_empty() || positions.len() < ids.len() {
            positions = result
                .columns
                .iter()
                .position(|c| c.name == "_ItemId")
                .into_iter()
                .collect();
        }
        Self { positions }
    }

    /// The key of a row, comparable text.
    pub(crate) fn key(&self, result: &ResultRows, row: &[Json]) -> String {
        let part = |at: usize| {
            let name = result.columns.get(at).map_or("", |(name, _)| name.as_str());
            format!("{name}={}", row.get(at).map(cell_text).unwrap_or_default())
        };
        let all: Vec<usize> = (0..row.len()).collect();
        let positions = if self.positions.is_empty() {
            &all
        } else {
            &self.positions
        };
        positions
            .iter()
            .map(|at| part(*at))
            .collect::<Vec<_>>()
            .join("\u{1f}")
    }
}

/// The summarize closest to the result along the left side, if operators that keep its rows'
/// identity are all that lie between.
pub(crate) fn last_summarize(rel: &Rel) -> Option<&Rel> {
    match &rel.op {
        RelOp::Summarize { .. } => Some(rel),
        RelOp::Filter { input, .. }
        | RelOp::Project { input, .. }
        | RelOp::Sort { input, .. }
        | RelOp::Take { input, .. }
        | RelOp::Top { input, .. }
        | RelOp::Serialize { input } => last_summarize(input),
        RelOp::Join { left, .. } => last_summarize(left),
        _ => None,
    }
}

fn key_ids(rel: &Rel) -> Vec<ColumnId> {
    match &rel.op {
        RelOp::Summarize { keys, .. } => keys.iter().map(|(id, _)| *id).collect(),
        _ => Vec::new(),
    }
}
