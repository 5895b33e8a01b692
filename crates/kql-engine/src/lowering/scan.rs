//! `scan`.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, UInt32Array};
use arrow::compute::{concat, take};
use arrow::datatypes::{Field, Schema};
use datafusion::common::{DFSchema, ToDFSchema as _};
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{Expr as DfExpr, LogicalPlan};
use datafusion::physical_expr::{PhysicalExpr, create_physical_expr};
use kql::plan::{ColumnId, Expr, Rel, Scan};
use kql::types::Type;

use super::row_plugin::input_columns;
use super::{Lowering, missing_value, name};
use crate::error::{EngineError, Result};
use crate::operators::rows::{Cancel, ColumnRef, Groups};
use crate::operators::scan::{Changing, Machine, Place, Record, Step, Used};
use crate::staging::named_batch;
use crate::values::arrow_type;

impl<'q> Lowering<'q> {
    pub(super) async fn scan(&mut self, rel: &'q Rel, scan: &'q Scan) -> Result<LogicalPlan> {
        let plan = self.lower_in_order(&scan.input).await?;
        let plan = self.drop_raw(plan)?;
        let plan = self.compute_windows(rel, plan).await?;
        let mut keys = Vec::new();
        let mut more = Vec::new();
        for expr in &scan.partition {
            let key = self.fresh("u");
            more.push(self.expr(expr)?.alias(key.clone()));
            keys.push(ColumnRef {
                key,
                title: String::new(),
                ty: expr.ty,
            });
        }
        let columns = input_columns(&scan.input, &plan);
        let batch = self.collect_with(plan, more).await?;
        let (machine, outputs) = self.machine(scan, &columns, &batch)?;
        let match_id = scan.match_id.map(name);
        self.per_run(batch, move |batch: &RecordBatch, cancel: &Cancel| {
            let keys: Vec<&ColumnRef> = keys.iter().collect();
            let mut found = Vec::new();
            let mut next = 0;
            for rows in &Groups::by(&keys, batch)?.rows {
                let (mut some, after) = machine.run(batch, rows, next, cancel)?;
                found.append(&mut some);
                next = after;
            }
            put_out(&machine, &outputs, match_id.as_deref(), &found, batch)
        })
        .await
    }

    /// The steps as physical expressions, and where each column of the output comes from.
    fn machine(
        &self,
        scan: &Scan,
        columns: &[ColumnRef],
        batch: &RecordBatch,
    ) -> Result<(Machine, Vec<(String, Place)>)> {
        let assigned: HashSet<ColumnId> = scan
            .steps
            .iter()
            .flat_map(|step| step.assignments.iter().map(|(id, _)| *id))
            .collect();
        let mut changing = Vec::new();
        let mut outputs: Vec<(String, Place)> = Vec::new();
        for column in columns {
            let at = batch.schema().index_of(&column.key)?;
            let place = if assigned.iter().any(|id| name(*id) == column.key) {
                changing.push(Changing {
                    row: Some(at),
                    default: nothing(column.ty)?,
                });
                Place::Changing(changing.len() - 1)
            } else {
                Place::Row(at)
            };
            outputs.push((column.key.clone(), place));
        }
        for (column, default) in &scan.declared {
            let default = match default {
                Some(value) => self.constant(value)?,
                None => missing_value(column.ty),
            };
            let default = match default {
                null if null.is_null() => nothing(column.ty)?,
                value => value.cast_to(&arrow_type(column.ty))?.to_array()?,
            };
            changing.push(Changing { row: None, default });
            outputs.push((name(column.id), Place::Changing(changing.len() - 1)));
        }
        let (used, fields) = seen_columns(scan, &outputs, &changing, batch)?;
        let schema = Arc::new(Schema::new(fields));
        let df_schema = Arc::clone(&schema).to_dfschema()?;
        let steps = scan.steps.iter().map(|step| {
            let (condition, stateless) = self.test(&step.condition, &df_schema, &used)?;
            let assignments = step.assignments.iter().filter_map(|(id, value)| {
                let place = outputs.iter().find(|(key, _)| *key == name(*id))?.1;
                match place {
                    Place::Changing(at) => {
                        let value = self.expr(value);
                        let value = value.and_then(|v| self.physical(&v, &df_schema));
                        Some(value.map(|value| (at, value)))
                    }
                    Place::Row(_) => None,
                }
            });
            Ok(Step {
                output: step.output,
                condition,
                stateless,
                assignments: assignments.collect::<Result<_>>()?,
            })
        });
        let steps = steps.collect::<Result<_>>()?;
        let machine = Machine {
            schema,
            used,
            changing,
            steps,
        };
        Ok((machine, outputs))
    }

    fn test(
        &self,
        condition: &Expr,
        schema: &DFSchema,
        used: &[Used],
    ) -> Result<(Arc<dyn PhysicalExpr>, bool)> {
        let lowered = self.expr(condition)?;
        let reads = lowered.column_refs();
        let stateless = schema.columns().iter().zip(used).all(|(column, used)| {
            let of_row = used.step.is_none() && matches!(used.place, Place::Row(_));
            of_row || !reads.iter().any(|read| read.name == column.name)
        });
        Ok((self.physical(&lowered, schema)?, stateless))
    }

    /// An expression that can be computed over batches of this schema.
    pub(super) fn physical(
        &self,
        expr: &DfExpr,
        schema: &DFSchema,
    ) -> Result<Arc<dyn PhysicalExpr>> {
        Ok(create_physical_expr(
            expr,
            schema,
            self.session.state().execution_props(),
            &PhysicalPlanningContext::default(),
        )?)
    }
}

/// Null (or "") as an array of one.
fn nothing(ty: Type) -> Result<ArrayRef> {
    Ok(missing_value(ty).to_array()?)
}

/// The columns that expressions may read, with their fields: of the row, then of each step's last match.
fn seen_columns(
    scan: &Scan,
    outputs: &[(String, Place)],
    changing: &[Changing],
    batch: &RecordBatch,
) -> Result<(Vec<Used>, Vec<Field>)> {
    let (mut used, mut fields) = (Vec::new(), Vec::new());
    let mut add = |key: &str, step: Option<usize>, place: Place| -> Result<()> {
        let missing = match place {
            Place::Row(at) => {
                let ty = batch.column(at).data_type();
                let text = *ty == arrow::datatypes::DataType::Utf8;
                let column = scan.input.columns.iter().find(|c| {
                    outputs.iter().any(|(out, place)| {
                        *out == name(c.id) && matches!(place, Place::Row(row) if *row == at)
                    })
                });
                match column {
                    Some(column) if text => nothing(column.ty)?,
                    _ => arrow::array::new_null_array(ty, 1),
                }
            }
            Place::Changing(at) => match changing.get(at) {
                Some(changing) => Arc::clone(&changing.default),
                None => return Ok(()),
            },
        };
        fields.push(Field::new(key, missing.data_type().clone(), true));
        used.push(Used {
            step,
            place,
            missing,
        });
        Ok(())
    };
    for (key, place) in outputs {
        add(key, None, *place)?;
    }
    // Results of window functions, which the row carries.
    for (at, field) in batch.schema().fields().iter().enumerate() {
        if !outputs.iter().any(|(key, _)| key == field.name()) {
            add(field.name(), None, Place::Row(at))?;
        }
    }
    for (step, of) in scan.steps.iter().enumerate() {
        for (id, column) in &of.state {
            let of_column = outputs.iter().find(|(key, _)| *key == name(*column));
            let (_, place) = of_column.ok_or_else(|| {
                EngineError::Internal("a step's column is not in the rows".into())
            })?;
            add(&name(*id), Some(step), *place)?;
        }
    }
    Ok((used, fields))
}

fn put_out(
    machine: &Machine,
    outputs: &[(String, Place)],
    match_id: Option<&str>,
    found: &[Record],
    batch: &RecordBatch,
) -> Result<RecordBatch> {
    let rows: UInt32Array = found
        .iter()
        .map(|record| u32::try_from(record.row).ok())
        .collect();
    let mut columns = Vec::new();
    for (key, place) in outputs {
        let array = match place {
            Place::Row(at) => take(batch.column(*at), &rows, None)?,
            Place::Changing(at) => {
                let values = found.iter().filter_map(|r| r.values.get(*at));
                let values: Vec<&dyn arrow::array::Array> =
                    values.map(|value| value.as_ref()).collect();
                match machine.changing.get(*at) {
                    Some(changing) if values.is_empty() => changing.default.slice(0, 0),
                    _ => concat(&values)?,
                }
            }
        };
        columns.push((key.clone(), array));
    }
    if let Some(key) = match_id {
        let ids: Int64Array = found.iter().map(|record| Some(record.match_id)).collect();
        columns.push((key.to_owned(), Arc::new(ids) as ArrayRef));
    }
    named_batch(columns, found.len())
}
