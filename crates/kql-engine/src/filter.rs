//! Ingest-time filters: `source | where ...` over one batch in memory, row by row, with the same meaning as in a
//! query.

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch};
use datafusion::common::{DFSchema, ToDFSchema as _};
use datafusion::execution::context::ExecutionProps;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::physical_expr::create_physical_expr;
use datafusion::prelude::SessionContext;
use kql::plan::{ColumnId, Expr, Query, Rel, RelOp};

use crate::error::{EngineError, Result};
use crate::lowering::{Lowering, stored_columns};
use crate::table_source::MemoryTables;

/// The rows of `batch` that a bound `source | where ...` query keeps.
///
/// The query may hold any number of `where` and of projections that only pass columns on. The columns of `batch` are
/// stored as a [`crate::TableSource`] stores them; a column that it lacks reads as null, a string as "".
///
/// # Errors
/// [`EngineError::Unsupported`] for any other operator and for subqueries.
pub fn filter_mask(query: &Query, batch: &RecordBatch) -> Result<BooleanArray> {
    let [rel] = query.results.as_slice() else {
        return Err(EngineError::Internal(
            "a filter has exactly one result".into(),
        ));
    };
    let mut predicates = Vec::new();
    let (span, columns) = source(rel, &mut predicates)?;
    let tables = MemoryTables::new();
    let lowering = Lowering::new(SessionContext::new(), &tables, query, None);
    let predicates = predicates
        .into_iter()
        .map(|predicate| lowering.value(predicate))
        .collect::<Result<Vec<_>>>()?;
    let columns = stored_columns(batch, rel_columns(columns), &predicates, span)?;
    let schema: DFSchema = columns.schema().to_dfschema()?;
    let mut mask = BooleanArray::from(vec![true; batch.num_rows()]);
    for predicate in &predicates {
        let physical = create_physical_expr(
            predicate,
            &schema,
            &ExecutionProps::new(),
            &PhysicalPlanningContext::default(),
        )?;
        let kept = physical.evaluate(&columns)?.into_array(batch.num_rows())?;
        let kept = kept.as_boolean();
        // A null condition drops the row.
        mask = (0..batch.num_rows())
            .map(|row| Some(mask.value(row) && kept.is_valid(row) && kept.value(row)))
            .collect();
    }
    Ok(mask)
}

type Source<'q> = (kql::types::Span, &'q Rel);

fn source<'q>(rel: &'q Rel, predicates: &mut Vec<&'q Expr>) -> Result<Source<'q>> {
    match &rel.op {
        RelOp::Filter { input, predicate } => {
            predicates.push(predicate);
            source(input, predicates)
        }
        RelOp::Project { input, items }
            if items.iter().all(
                |(id, e)| matches!(&e.kind, kql::plan::ExprKind::Column(from) if from == id),
            ) =>
        {
            source(input, predicates)
        }
        RelOp::Table { .. } => Ok((rel.span, rel)),
        _ => Err(EngineError::Unsupported {
            what: "anything but `where` in a filter".into(),
            span: rel.span,
        }),
    }
}

fn rel_columns(rel: &Rel) -> Vec<(ColumnId, String, kql::types::Type)> {
    match &rel.op {
        RelOp::Table { columns, .. } => columns
            .iter()
            .zip(&rel.columns)
            .map(|((id, name), c)| (*id, name.to_string(), c.ty))
            .collect(),
        _ => Vec::new(),
    }
}
