//! The stored rows behind a result row of an analytics rule.
//!
//! A rule that aggregates is taken back to the input of its last `summarize`, restricted to the
//! group of the row; a rule that does not has its rows' own `_ItemId`.

use jiff::Timestamp;
use kql::plan::{Column, Expr, ExprKind, Literal, Operator, Query, Rel, RelOp, TableRead};
use kql::{Span, Type};
use schema::EvidenceRef;
use serde_json::Value as Json;

use crate::result::{ResultRows, cell_text};
use crate::row_keys::last_summarize;

/// Rows of evidence taken for one alert.
pub(crate) const EVIDENCE_MAX: usize = 100;

/// The query that finds the rows behind `row`, or `None` when the rule has no `summarize` or
/// its groups can't be told from the result.
pub(crate) fn behind(query: &Query, result: &ResultRows, row: &[Json]) -> Option<Query> {
    let shown = query.results.last()?;
    let summarize = last_summarize(shown)?;
    let RelOp::Summarize { input, keys, .. } = &summarize.op else {
        return None;
    };
    let mut predicate: Option<Expr> = None;
    for (id, key) in keys {
        let at = shown.columns.iter().position(|column| column.id == *id)?;
        let cell = result.rows.first().and(row.get(at))?;
        let Some(literal) = literal(cell, key.ty) else {
            continue;
        };
        let equal = Expr {
            kind: ExprKind::Binary {
                op: Operator::Equal,
                left: Box::new(key.clone()),
                right: Box::new(Expr {
                    kind: ExprKind::Literal(literal),
                    ty: key.ty,
                    span: key.span,
                }),
            },
            ty: Type::Bool,
            span: key.span,
        };
        predicate = Some(match predicate {
            None => equal,
            Some(before) => Expr {
                kind: ExprKind::Binary {
                    op: Operator::And,
                    left: Box::new(before),
                    right: Box::new(equal),
                },
                ty: Type::Bool,
                span: Span::default(),
            },
        });
    }
    let filtered = match predicate {
        None => (**input).clone(),
        Some(predicate) => wrap(
            input,
            RelOp::Filter {
                input: input.clone(),
                predicate,
            },
        ),
    };
    let count = Expr {
        kind: ExprKind::Literal(Literal::Long(EVIDENCE_MAX as i64)),
        ty: Type::Long,
        span: Span::default(),
    };
    let taken = wrap(
        &filtered,
        RelOp::Take {
            input: Box::new(filtered.clone()),
            count: Box::new(count),
        },
    );
    let taken = only_references(taken)?;
    Some(Query {
        results: vec![taken],
        materialized: query.materialized.clone(),
        reads: query.reads.iter().map(with_reference).collect(),
        render: None,
    })
}

/// Keeps what a reference to a row needs; `None` when the rule dropped `_ItemId` before.
fn only_references(rel: Rel) -> Option<Rel> {
    let wanted = ["TimeGenerated", "Type", "_ItemId"];
    let columns: Vec<Column> = rel
        .columns
        .iter()
        .filter(|column| wanted.contains(&column.name.as_str()))
        .cloned()
        .collect();
    columns.iter().find(|column| column.name == "_ItemId")?;
    let items = columns
        .iter()
        .map(|column| {
            let value = Expr {
                kind: ExprKind::Column(column.id),
                ty: column.ty,
                span: Span::default(),
            };
            (column.id, value)
        })
        .collect();
    Some(Rel {
        columns,
        open: false,
        serialized: rel.serialized,
        span: rel.span,
        op: RelOp::Project {
            input: Box::new(rel),
            items,
        },
    })
}

/// What a rule reads of a table, and what a reference to its rows needs.
fn with_reference(read: &TableRead) -> TableRead {
    let mut read = read.clone();
    read.columns
        .extend(["TimeGenerated", "Type", "_ItemId"].map(kql::plan::ColumnName::from));
    read.columns.sort();
    read.columns.dedup();
    read
}

fn wrap(input: &Rel, op: RelOp) -> Rel {
    Rel {
        op,
        columns: input.columns.iter().map(Column::clone).collect(),
        open: input.open,
        serialized: input.serialized,
        span: input.span,
    }
}

fn literal(cell: &Json, ty: Type) -> Option<Literal> {
    Some(match ty {
        Type::String => Literal::String(cell_text(cell)),
        Type::Guid => Literal::Guid(cell_text(cell)),
        Type::Int => Literal::Int(i32::try_from(cell.as_i64()?).ok()?),
        Type::Long => Literal::Long(cell.as_i64()?),
        Type::Bool => Literal::Bool(cell.as_bool()?),
        Type::DateTime => Literal::DateTime(crate::queries::ticks(cell.as_str()?.parse().ok()?)),
        // A real, timespan or dynamic group key is left open: more rows show, never fewer.
        _ => return None,
    })
}

/// References to the rows of a result that still carry `_ItemId`.
pub(crate) fn references(result: &ResultRows, default_table: &str) -> Vec<EvidenceRef> {
    if result.position("_ItemId").is_none() {
        return Vec::new();
    }
    result
        .rows
        .iter()
        .take(EVIDENCE_MAX)
        .filter_map(|row| {
            let item_id = result.text(row, "_ItemId");
            let table = match result.text(row, "Type") {
                table if table.is_empty() => default_table.to_owned(),
                table => table,
            };
            (!item_id.is_empty()).then(|| EvidenceRef {
                table,
                item_id,
                time: result
                    .time(row, "TimeGenerated")
                    .unwrap_or(Timestamp::UNIX_EPOCH),
            })
        })
        .collect()
}
