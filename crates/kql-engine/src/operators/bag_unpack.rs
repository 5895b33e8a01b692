//! `bag_unpack`: a column per property of a bag column. The columns are known only with the rows at hand.

use std::collections::HashMap;

use arrow::array::{ArrayRef, RecordBatch};
use datafusion::error::Result;
use kql::types::Type;
use serde_json::Value;

use crate::values::{ColumnBuilder, Reader, dynamic};

/// Most columns one call makes; further properties are left out.
const COLUMNS_MAX: usize = 1_000;

/// The new columns of `bags`: name, type and values, sorted by name as Kusto shows them.
///
/// # Errors
/// When the column isn't a dynamic.
pub(crate) fn unpack(
    batch: &RecordBatch,
    bags: &ArrayRef,
    prefix: &str,
) -> Result<Vec<(String, Type, ArrayRef)>> {
    let reader = Reader::new(Type::Dynamic, bags, false)?;
    let rows: Vec<Value> = (0..batch.num_rows())
        .map(|row| dynamic::to_json(&reader.get(row)))
        .collect();
    let mut types: HashMap<&str, Option<Type>> = HashMap::new();
    let mut names: Vec<&str> = Vec::new();
    for (key, value) in rows.iter().filter_map(Value::as_object).flatten() {
        if !types.contains_key(key.as_str()) && names.len() < COLUMNS_MAX {
            names.push(key);
            types.insert(key, None);
        }
        if let Some(known) = types.get_mut(key.as_str()) {
            *known = merge(*known, value);
        }
    }
    names.sort_unstable();
    let mut out = Vec::with_capacity(names.len());
    for name in names {
        let ty = types.get(name).copied().flatten().unwrap_or(Type::Dynamic);
        let mut column = ColumnBuilder::new(ty, rows.len());
        for row in &rows {
            column.push(&dynamic::to_type(row.get(name).unwrap_or(&Value::Null), ty));
        }
        out.push((format!("{prefix}{name}"), ty, column.finish()));
    }
    Ok(out)
}

/// The type that holds what was seen and this value: one type, long and real as real, anything else dynamic.
pub(crate) fn merge(known: Option<Type>, value: &Value) -> Option<Type> {
    let ty = match value {
        Value::Null => return known,
        Value::Bool(_) => Type::Bool,
        Value::Number(n) if n.is_i64() => Type::Long,
        Value::Number(_) => Type::Real,
        Value::String(text) if is_datetime(text) => Type::DateTime,
        Value::String(_) => Type::String,
        _ => Type::Dynamic,
    };
    Some(match known {
        None => ty,
        Some(known) if known == ty => ty,
        Some(Type::Long | Type::Real) if matches!(ty, Type::Long | Type::Real) => Type::Real,
        Some(Type::DateTime | Type::String) if matches!(ty, Type::DateTime | Type::String) => {
            Type::String
        }
        Some(_) => Type::Dynamic,
    })
}

/// Datetimes in a dynamic are text with a full date and time.
fn is_datetime(text: &str) -> bool {
    text.len() >= 19
        && text.ends_with('Z')
        && text.contains('T')
        && crate::values::datetime::parse(text).is_some()
}
