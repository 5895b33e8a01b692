//! `schema_merge`: the rows of several `getschema` as one schema.

use arrow::array::RecordBatch;
use datafusion::error::Result;
use kql::types::Type;

use crate::operators::rows::{Cancel, Output, PluginCall, Table, bad_argument};
use crate::values::{ColumnBuilder, Datum, Reader};

const TITLES: [&str; 4] = ["ColumnName", "ColumnOrdinal", "DataType", "ColumnType"];

struct Merged {
    name: String,
    ordinals: Vec<i64>,
    data_type: String,
    ty: String,
    types_differ: bool,
}

/// Columns of one name become one, at the last place any of the schemas has it. Unless `PreserveOrder = false`, a column
/// with several places is an error, written in its row.
pub(super) fn schema_merge(call: &PluginCall, batch: &RecordBatch, _: &Cancel) -> Result<Output> {
    let keep_order = call
        .named("PreserveOrder")
        .or_else(|| call.constant(0))
        .is_none_or(|value| *value != Datum::Bool(false));
    let mut merged: Vec<Merged> = Vec::new();
    let [names, ordinals, data_types, types] = columns(call, batch)?;
    for row in 0..batch.num_rows() {
        let name = names.get(row);
        let ordinal = ordinals.get(row).as_i64().unwrap_or(-1);
        let ty = types.get(row).text().to_owned();
        match merged.iter_mut().find(|known| known.name == name.text()) {
            Some(known) => {
                known.types_differ |= known.ty != ty;
                if !known.ordinals.contains(&ordinal) {
                    known.ordinals.push(ordinal);
                }
            }
            None => merged.push(Merged {
                name: name.text().to_owned(),
                ordinals: vec![ordinal],
                data_type: data_types.get(row).text().to_owned(),
                ty,
                types_differ: false,
            }),
        }
    }
    merged.sort_by_key(|column| column.ordinals.iter().max().copied());
    let kinds = [Type::String, Type::Long, Type::String, Type::String];
    let mut table = Table::new(TITLES.map(str::to_owned).into_iter().zip(kinds));
    for column in merged {
        let wrong = if column.types_differ {
            Some("types are in conflict")
        } else if keep_order && column.ordinals.len() > 1 {
            Some("columns are out of order")
        } else {
            None
        };
        let last = column.ordinals.iter().max().copied().unwrap_or(-1);
        table.push(match wrong {
            Some(wrong) => [
                Datum::string(column.name),
                Datum::Long(-1),
                Datum::string(format!("ERROR(unknown CSL type:ERROR({wrong}))")),
                Datum::string(format!("ERROR({wrong})")),
            ],
            None => [
                Datum::string(column.name),
                Datum::Long(last),
                Datum::string(column.data_type),
                Datum::string(column.ty),
            ],
        })?;
    }
    Ok(table.finish())
}

fn columns(call: &PluginCall, batch: &RecordBatch) -> Result<[Reader; 4]> {
    let read = |title: &str| match call.input.iter().find(|column| column.title == title) {
        Some(column) => column.read(batch),
        // Without rows nothing says that this is no schema.
        None if batch.num_rows() == 0 => Reader::new(
            Type::String,
            &ColumnBuilder::new(Type::String, 0).finish(),
            false,
        ),
        None => Err(bad_argument(format!(
            "`schema_merge` needs the columns of `getschema`; `{title}` is missing"
        ))),
    };
    let [name, ordinal, data_type, ty] = TITLES;
    Ok([read(name)?, read(ordinal)?, read(data_type)?, read(ty)?])
}
