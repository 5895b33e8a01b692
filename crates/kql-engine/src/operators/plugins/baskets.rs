//! `basket`, `autocluster`, `diffpatterns`: combinations of column values that many rows share.

use std::collections::HashMap;

use arrow::array::RecordBatch;
use datafusion::error::Result;
use kql::types::Type;

use crate::operators::rows::{
    Cancel, ColumnRef, Key, Output, PluginCall, Table, bad_argument, limit,
};
use crate::values::{Datum, Reader};

/// Most combinations that are followed up.
const PATTERNS_MAX: usize = 200_000;

/// Most clusters that `autocluster` shows.
const CLUSTERS_MAX: usize = 10;

/// A value of a column.
struct Item {
    column: usize,
    value: Datum<'static>,
    /// Its rows, ascending.
    rows: Vec<u32>,
}

/// A combination of values of different columns.
#[derive(Clone)]
struct Pattern {
    items: Vec<usize>,
    rows: Vec<u32>,
}

/// The rows as items, with their weights.
struct Baskets<'c> {
    columns: Vec<&'c ColumnRef>,
    items: Vec<Item>,
    weights: Option<Vec<f64>>,
    rows: usize,
}

impl<'c> Baskets<'c> {
    fn read(
        call: &'c PluginCall,
        batch: &RecordBatch,
        weight: Option<&ColumnRef>,
        left_out: &[&str],
        cancel: &Cancel,
    ) -> Result<Self> {
        let columns: Vec<&ColumnRef> = call.input.iter().collect();
        let rows = batch.num_rows();
        let mut items: Vec<Item> = Vec::new();
        for (column, of) in columns.iter().enumerate() {
            let skip = left_out.contains(&of.key.as_str())
                || weight.is_some_and(|weight| weight.key == of.key);
            if skip {
                continue;
            }
            let reader = of.read(batch)?;
            let mut seen: HashMap<Key, usize> = HashMap::new();
            for row in 0..rows {
                cancel.check()?;
                let value = reader.get(row);
                let at = *seen.entry(Key::of(&value)).or_insert_with(|| {
                    items.push(Item {
                        column,
                        value: value.into_static(),
                        rows: Vec::new(),
                    });
                    items.len() - 1
                });
                if let Some(item) = items.get_mut(at) {
                    item.rows.push(u32::try_from(row).unwrap_or(u32::MAX));
                }
            }
        }
        let weights = match weight {
            Some(column) => {
                let reader = column.read(batch)?;
                let weight = |row| reader.get(row).as_f64().unwrap_or(0.0);
                Some((0..rows).map(weight).collect())
            }
            None => None,
        };
        Ok(Self {
            columns,
            items,
            weights,
            rows,
        })
    }

    #[allow(clippy::cast_precision_loss)]
    fn weight(&self, rows: &[u32]) -> f64 {
        match &self.weights {
            None => rows.len() as f64,
            Some(weights) => {
                let of = |row: &u32| weights.get(*row as usize).copied().unwrap_or(0.0);
                rows.iter().map(of).sum()
            }
        }
    }

    #[allow(clippy::cast_precision_loss)]
    fn total(&self) -> f64 {
        match &self.weights {
            None => self.rows as f64,
            Some(weights) => weights.iter().sum(),
        }
    }

    /// The combinations of at most `dimensions` values that `frequent` accepts, left out those that a longer one has all
    /// rows of.
    fn frequent(
        &self,
        dimensions: usize,
        frequent: &dyn Fn(&[u32]) -> bool,
        cancel: &Cancel,
    ) -> Result<Vec<Pattern>> {
        let single = |(at, item): (usize, &Item)| Pattern {
            items: vec![at],
            rows: item.rows.clone(),
        };
        let singles = self.items.iter().enumerate().map(single);
        let singles: Vec<Pattern> = singles.filter(|p| frequent(&p.rows)).collect();
        let mut all = singles.clone();
        let mut level = singles.clone();
        for _ in 1..dimensions.max(1) {
            let mut next = Vec::new();
            for pattern in &level {
                cancel.check()?;
                let last = pattern.items.last().copied().unwrap_or(0);
                let column = |at: usize| self.items.get(at).map(|item| item.column);
                for single in &singles {
                    let Some(at) = single.items.first().copied() else {
                        continue;
                    };
                    if at <= last || column(at) == column(last) {
                        continue;
                    }
                    let rows = common(&pattern.rows, &single.rows);
                    if rows.is_empty() || !frequent(&rows) {
                        continue;
                    }
                    let mut items = pattern.items.clone();
                    items.push(at);
                    next.push(Pattern { items, rows });
                    if all.len() + next.len() > PATTERNS_MAX {
                        return Err(limit(format!(
                            "more than {PATTERNS_MAX} patterns are frequent; a higher threshold leaves fewer"
                        )));
                    }
                }
            }
            all.extend(next.iter().cloned());
            level = next;
        }
        Ok(closed(all))
    }

    /// A pattern's values in the input's columns, wildcards elsewhere.
    fn cells(&self, pattern: &Pattern, wildcards: &[Datum<'static>]) -> Vec<Datum<'static>> {
        let cell = |(column, wildcard): (usize, &Datum<'static>)| {
            let items = pattern.items.iter().filter_map(|at| self.items.get(*at));
            let mut of_column = items.filter(|item| item.column == column);
            let found = of_column.next().map(|item| item.value.clone());
            found.unwrap_or_else(|| wildcard.clone())
        };
        wildcards.iter().enumerate().map(cell).collect()
    }

    /// For each column, what stands for any value: the first given constant of its type, or null.
    fn wildcards(&self, call: &PluginCall, from: usize) -> Vec<Datum<'static>> {
        let given: Vec<&Datum<'static>> = (from..call.args.len())
            .filter_map(|at| call.constant(at))
            .collect();
        let fits = |ty: Type| {
            let same = |value: &&&Datum<'static>| type_of(value) == Some(ty);
            let found = given.iter().find(same);
            found.map_or(Datum::Null, |found| (**found).clone())
        };
        self.columns.iter().map(|column| fits(column.ty)).collect()
    }

    fn table(&self, head: &[(&str, Type)]) -> Table {
        let head = head.iter().map(|(name, ty)| ((*name).to_owned(), *ty));
        let rest = self.columns.iter().map(|c| (c.title.clone(), c.ty));
        Table::new(head.chain(rest))
    }
}

fn type_of(value: &Datum<'_>) -> Option<Type> {
    Some(match value {
        Datum::Null => return None,
        Datum::Bool(_) => Type::Bool,
        Datum::Int(_) => Type::Int,
        Datum::Long(_) => Type::Long,
        Datum::Real(_) => Type::Real,
        Datum::Decimal(_) => Type::Decimal,
        Datum::Str(_) => Type::String,
        Datum::DateTime(_) => Type::DateTime,
        Datum::TimeSpan(_) => Type::TimeSpan,
        Datum::Guid(_) => Type::Guid,
        Datum::Dynamic(_) => Type::Dynamic,
    })
}

/// Rows in both lists.
fn common(a: &[u32], b: &[u32]) -> Vec<u32> {
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    let mut out = Vec::new();
    while let (Some(x), Some(y)) = (a.peek(), b.peek()) {
        match x.cmp(y) {
            std::cmp::Ordering::Less => drop(a.next()),
            std::cmp::Ordering::Greater => drop(b.next()),
            std::cmp::Ordering::Equal => {
                out.push(**x);
                a.next();
                b.next();
            }
        }
    }
    out
}

/// Of patterns with the same rows, the longest.
fn closed(patterns: Vec<Pattern>) -> Vec<Pattern> {
    let mut longest: HashMap<Vec<u32>, Vec<usize>> = HashMap::new();
    for pattern in patterns {
        let known = longest.entry(pattern.rows).or_default();
        if known.len() < pattern.items.len() {
            *known = pattern.items;
        }
    }
    let mut kept: Vec<Pattern> = longest
        .into_iter()
        .map(|(rows, items)| Pattern { items, rows })
        .collect();
    // A map has no order; the answer has to be the same every time.
    kept.sort_by(|a, b| (b.rows.len().cmp(&a.rows.len())).then_with(|| a.items.cmp(&b.items)));
    kept
}

fn share(call: &PluginCall, at: usize, default: f64, least: f64) -> Result<f64> {
    let share = call.constant(at).and_then(Datum::as_f64).unwrap_or(default);
    if (least..=1.0).contains(&share) {
        return Ok(share);
    }
    let message = format!("`{}` takes a share from {least} to 1", call.plugin);
    Err(bad_argument(message))
}

fn weight_column(call: &PluginCall, at: usize) -> Option<&ColumnRef> {
    call.column(at).ok()
}

fn dimensions(call: &PluginCall, at: usize) -> usize {
    let given = call.constant(at).and_then(Datum::as_i64);
    given.and_then(|n| usize::try_from(n).ok()).unwrap_or(5)
}

fn percent(part: f64, whole: f64) -> f64 {
    (part / whole * 1000.0).round() / 10.0
}

fn whole(value: f64) -> Datum<'static> {
    crate::values::number::real_to_long(value.round()).map_or(Datum::Null, Datum::Long)
}

fn segment(at: usize) -> Datum<'static> {
    Datum::Long(i64::try_from(at).unwrap_or(i64::MAX))
}

const HEAD: [(&str, Type); 3] = [
    ("SegmentId", Type::Long),
    ("Count", Type::Long),
    ("Percent", Type::Real),
];

/// `basket([threshold, weight, max_dimensions, wildcards...])`: the frequent patterns, without those that say less than
/// another about the same rows.
pub(super) fn basket(call: &PluginCall, batch: &RecordBatch, cancel: &Cancel) -> Result<Output> {
    let threshold = share(call, 0, 0.05, 0.015)?;
    let baskets = Baskets::read(call, batch, weight_column(call, 1), &[], cancel)?;
    let total = baskets.total();
    let frequent = |rows: &[u32]| baskets.weight(rows) >= threshold * total;
    let patterns = baskets.frequent(dimensions(call, 2), &frequent, cancel)?;
    let wildcards = baskets.wildcards(call, 3);
    let mut table = baskets.table(&HEAD);
    for (at, pattern) in patterns.iter().enumerate() {
        let weight = baskets.weight(&pattern.rows);
        let mut row = vec![
            segment(at),
            whole(weight),
            Datum::Real(percent(weight, total)),
        ];
        row.extend(baskets.cells(pattern, &wildcards));
        table.push(row)?;
    }
    Ok(table.finish())
}

/// `autocluster([size_weight, weight, num_seeds, wildcards...])`: a few patterns that cover much and say much. The weight
/// of size decides between the two; each cluster is the best for the rows that none before it has.
pub(super) fn autocluster(
    call: &PluginCall,
    batch: &RecordBatch,
    cancel: &Cancel,
) -> Result<Output> {
    let size = share(call, 0, 0.5, 0.0)?;
    let baskets = Baskets::read(call, batch, weight_column(call, 1), &[], cancel)?;
    let total = baskets.total();
    let frequent = |rows: &[u32]| baskets.weight(rows) >= 0.05 * total;
    let mut patterns = baskets.frequent(baskets.columns.len(), &frequent, cancel)?;
    let wildcards = baskets.wildcards(call, 3);
    let mut table = baskets.table(&HEAD);
    let mut covered = vec![false; batch.num_rows()];
    for at in 0..CLUSTERS_MAX {
        cancel.check()?;
        #[allow(clippy::cast_precision_loss)]
        let score = |pattern: &Pattern| {
            let new = |row: &&u32| covered.get(**row as usize) == Some(&false);
            let fresh: Vec<u32> = pattern.rows.iter().filter(new).copied().collect();
            let fresh = baskets.weight(&fresh) / total;
            let told = pattern.items.len() as f64 / baskets.columns.len() as f64;
            if fresh < 0.05 {
                return 0.0;
            }
            fresh.powf(size) * told.powf(1.0 - size)
        };
        let scores = patterns.iter().map(score).enumerate();
        let best = scores.max_by(|(a, x), (b, y)| x.total_cmp(y).then(b.cmp(a)));
        let Some((place, _)) = best.filter(|(_, score)| *score > 0.0) else {
            break;
        };
        let pattern = patterns.swap_remove(place);
        for row in &pattern.rows {
            if let Some(covered) = covered.get_mut(*row as usize) {
                *covered = true;
            }
        }
        let weight = baskets.weight(&pattern.rows);
        let mut row = vec![
            segment(at),
            whole(weight),
            Datum::Real(percent(weight, total)),
        ];
        row.extend(baskets.cells(&pattern, &wildcards));
        table.push(row)?;
    }
    Ok(table.finish())
}

/// `diffpatterns(split, a, b, [weight, threshold, max_dimensions, wildcards...])`: patterns whose share of the rows with
/// the one value of the split column differs from that of the rows with the other by at least the threshold.
pub(super) fn diffpatterns(
    call: &PluginCall,
    batch: &RecordBatch,
    cancel: &Cancel,
) -> Result<Output> {
    let split = call.column(0)?;
    let (a, b) = (call.need(1)?.text(), call.need(2)?.text());
    let threshold = share(call, 4, 0.05, 0.015)?;
    let weight = weight_column(call, 3);
    let baskets = Baskets::read(call, batch, weight, &[split.key.as_str()], cancel)?;
    let reader = split.read(batch)?;
    let of = |value: &str| -> Vec<u32> { rows_with(&reader, batch.num_rows(), value) };
    let (rows_a, rows_b) = (of(a), of(b));
    let (total_a, total_b) = (baskets.weight(&rows_a), baskets.weight(&rows_b));
    let shares = |rows: &[u32]| {
        let (a, b) = (common(rows, &rows_a), common(rows, &rows_b));
        let (a, b) = (baskets.weight(&a), baskets.weight(&b));
        (a, b, a / total_a.max(1.0), b / total_b.max(1.0))
    };
    let frequent = |rows: &[u32]| {
        let (_, _, a, b) = shares(rows);
        a.max(b) >= threshold
    };
    let patterns = baskets.frequent(dimensions(call, 5), &frequent, cancel)?;
    let wildcards = baskets.wildcards(call, 6);
    let mut table = baskets.table(&[
        ("SegmentId", Type::Long),
        ("CountA", Type::Long),
        ("CountB", Type::Long),
        ("PercentA", Type::Real),
        ("PercentB", Type::Real),
        ("PercentDiffAB", Type::Real),
    ]);
    let mut found: Vec<_> = patterns
        .iter()
        .map(|pattern| (pattern, shares(&pattern.rows)))
        .filter(|(_, (_, _, a, b))| (a - b).abs() >= threshold)
        .collect();
    found.sort_by(|(_, x), (_, y)| (y.2 - y.3).abs().total_cmp(&(x.2 - x.3).abs()));
    for (at, (pattern, (a, b, share_a, share_b))) in found.into_iter().enumerate() {
        let mut row = vec![
            segment(at),
            whole(a),
            whole(b),
            Datum::Real(percent(share_a, 1.0)),
            Datum::Real(percent(share_b, 1.0)),
            Datum::Real(percent((share_a - share_b).abs(), 1.0)),
        ];
        row.extend(baskets.cells(pattern, &wildcards));
        table.push(row)?;
    }
    Ok(table.finish())
}

fn rows_with(reader: &Reader, rows: usize, value: &str) -> Vec<u32> {
    let same = |row: &u32| {
        let text = crate::values::convert::to_text(&reader.get(*row as usize)).into_owned();
        text == value
    };
    let rows = u32::try_from(rows).unwrap_or(u32::MAX);
    (0..rows).filter(same).collect()
}
