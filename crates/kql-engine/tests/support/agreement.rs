//! What two runs of one query have in common, whatever ran it: a query that leaves a choice open says less of its rows.

use kql::Query;
use kql::plan::{Aggregate, Expr, ExprKind, JoinKind, Literal, Rel, RelOp};
use kql::types::Type;
use kql_engine::QueryResult;
use serde_json::Value;

/// What a query determines of its rows; the rest is a choice that each run makes anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Determined {
    /// All values, in any order.
    pub rows: bool,
    /// How many there are.
    pub count: bool,
}

const ALL: Determined = Determined {
    rows: true,
    count: true,
};

/// Functions whose value is one of several, or depends on the order of rows that have none.
const CHOOSING: &[&str] = &[
    "take_any",
    "take_anyif",
    "arg_max",
    "arg_min",
    "make_bag",
    "make_bag_if",
    "rand",
    "new_guid",
];

/// Functions that read an array by position.
const BY_POSITION: &[&str] = &["strcat_array", "array_slice", "array_index_of", "zip"];

/// What all results of a query determine.
pub fn determined(query: &Query) -> Determined {
    let mut collects = false;
    query.each_rel(&mut |rel| {
        if let RelOp::Summarize { aggregates, .. } = &rel.op {
            collects |= aggregates.iter().any(|a| a.function.starts_with("make_"));
        }
    });
    let judge = Judge { query, collects };
    let results = query.results.iter();
    results.fold(ALL, |all, rel| all.and(judge.rel(rel)))
}

impl Determined {
    fn and(self, other: Self) -> Self {
        Self {
            rows: self.rows && other.rows,
            count: self.count && other.count,
        }
    }

    /// Of an operator that decides by values which rows there are.
    fn by_value(self) -> Self {
        Self {
            rows: self.rows,
            count: self.rows,
        }
    }

    /// With values chosen anew.
    fn chosen(self, choice: bool) -> Self {
        Self {
            rows: self.rows && !choice,
            ..self
        }
    }
}

struct Judge<'q> {
    query: &'q Query,
    /// Whether rows without an order are collected in arrays, which then have none either.
    collects: bool,
}

impl Judge<'_> {
    fn rel(&self, rel: &Rel) -> Determined {
        let choice = rel.expressions().into_iter().any(|expr| self.chooses(expr));
        match &rel.op {
            RelOp::Filter { input, .. } => self.rel(input).chosen(choice).by_value(),
            RelOp::Project { input, .. } => self.rel(input).chosen(choice),
            RelOp::Sort { input, .. } | RelOp::Serialize { input } => self.rel(input),
            RelOp::Take { input, .. } | RelOp::Sample { input, .. } | RelOp::Top { input, .. } => {
                self.rel(input).chosen(true)
            }
            RelOp::SampleDistinct { input, .. } => self.rel(input).by_value().chosen(true),
            RelOp::Distinct { input, .. } => self.rel(input).chosen(choice).by_value(),
            RelOp::MvExpand {
                input,
                items,
                index,
                limit,
                ..
            } => {
                let by_position = items.len() > 1 || index.is_some() || limit.is_some();
                let choice = choice || (self.collects && by_position);
                self.rel(input).by_value().chosen(choice)
            }
            RelOp::Count { input } => Determined {
                rows: self.rel(input).count,
                count: true,
            },
            RelOp::Summarize {
                input,
                keys,
                aggregates,
            } => {
                let below = self.rel(input).chosen(choice);
                let choice = aggregates.iter().any(chooses_value);
                Determined {
                    rows: below.rows && !choice,
                    count: below.rows || keys.is_empty(),
                }
            }
            RelOp::Join {
                kind, left, right, ..
            } => {
                let both = self.rel(left).and(self.rel(right)).chosen(choice);
                both.by_value().chosen(*kind == JoinKind::InnerUnique)
            }
            RelOp::Union { inputs, .. } => {
                let inputs = inputs.iter();
                inputs.fold(ALL, |all, input| all.and(self.rel(&input.rel)))
            }
            RelOp::Parse { input, .. }
            | RelOp::ParseKv { input, .. }
            | RelOp::MakeSeries { input, .. } => self.rel(input).by_value(),
            RelOp::Materialized { index, .. } => {
                let shared = self.query.materialized.get(*index);
                shared.map_or(ALL, |rel| self.rel(rel))
            }
            RelOp::Evaluate {
                plugin,
                input: Some(input),
                ..
            } if plugin == "bag_unpack" => self.rel(input).by_value(),
            RelOp::Table { .. }
            | RelOp::MissingTable { .. }
            | RelOp::Watchlist { .. }
            | RelOp::ExternalData { .. }
            | RelOp::Values { .. }
            | RelOp::Range { .. }
            | RelOp::GetSchema { .. } => ALL,
            RelOp::Print { .. } => ALL.chosen(choice),
            _ => Determined {
                rows: false,
                count: false,
            },
        }
    }

    fn chooses(&self, expr: &Expr) -> bool {
        let mut found = false;
        expr.each(&mut |part| {
            found |= match &part.kind {
                ExprKind::Window { .. } => true,
                ExprKind::Call { function, .. } => {
                    CHOOSING.contains(function) || (self.collects && BY_POSITION.contains(function))
                }
                ExprKind::Index { value, .. } => {
                    self.collects && matches!(value.kind, ExprKind::Column(_))
                }
                ExprKind::InSubquery { input, .. } => !self.rel(input).rows,
                // The first row of several is a choice, too, but rules ask for the only one.
                ExprKind::ToScalar(input) => !self.rel(input).rows,
                _ => false,
            };
        });
        found
    }
}

/// Whether an aggregate picks among values: by its nature, or because it keeps only some.
fn chooses_value(aggregate: &Aggregate) -> bool {
    let keeps_some = aggregate.function.starts_with("make_")
        && aggregate.args.len() > 1
        && matches!(
            aggregate.args.last().map(|arg| &arg.kind),
            Some(ExprKind::Literal(Literal::Long(limit))) if *limit < KEPT_MIN
        );
    keeps_some || CHOOSING.contains(&aggregate.function)
}

/// A set of so many values is never filled by the rows of a test.
const KEPT_MIN: i64 = 5_000;

/// The rows of all tables as sorted texts. Arrays are sorted too: a set has no order, and neither has a list of rows
/// without one.
pub fn multiset(result: &QueryResult) -> Vec<String> {
    let mut all = Vec::new();
    for (idx, table) in result.tables.iter().enumerate() {
        for row in table.rows_json() {
            let cells = row.into_iter().zip(&table.columns);
            let cells: Vec<Value> = cells.map(|(cell, (_, ty))| plain(cell, *ty)).collect();
            all.push(format!("{idx} {}", Value::Array(cells)));
        }
    }
    all.sort();
    all
}

fn plain(cell: Value, ty: Type) -> Value {
    match cell {
        Value::Number(number) if number.is_f64() => rounded(&number),
        Value::String(text) if ty.is_dynamic() || text.starts_with(['[', '{']) => {
            match serde_json::from_str(&text) {
                Ok(value) => sorted(value),
                Err(_) => Value::String(text),
            }
        }
        other => other,
    }
}

/// Sums of reals depend on the order in their last digits.
fn rounded(number: &serde_json::Number) -> Value {
    number
        .as_f64()
        .map_or(Value::Null, |v| Value::from(format!("{v:.9e}")))
}

fn sorted(value: Value) -> Value {
    match value {
        Value::Array(items) => {
            let mut items: Vec<Value> = items.into_iter().map(sorted).collect();
            items.sort_by_cached_key(ToString::to_string);
            Value::Array(items)
        }
        Value::Object(map) => {
            let entries = map.into_iter().map(|(key, v)| (key, sorted(v)));
            // A bag has no order either.
            let entries: std::collections::BTreeMap<_, _> = entries.collect();
            entries.into_iter().collect()
        }
        Value::Number(number) if number.is_f64() => rounded(&number),
        other => other,
    }
}
