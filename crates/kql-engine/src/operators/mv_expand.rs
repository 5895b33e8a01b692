//! The functions under `mv-expand`: a dynamic as a list of typed elements, and the list of their positions.
//! DataFusion's `Unnest` then expands several lists in parallel, which is what the operator means.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Builder, ListArray, ListBuilder};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use kql::types::Type;
use serde_json::{Map, Value};

use crate::values::{ColumnBuilder, Datum, Reader, arrow_type, dynamic, elements};

/// What a list function makes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Output {
    /// Elements of one dynamic, converted.
    Items { ty: Type, bags_as_arrays: bool },
    /// 0, 1, 2 ... up to the longest of the arguments.
    Index,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct ListFunction {
    name: String,
    output: Output,
    limit: usize,
    signature: Signature,
}

/// Elements of a dynamic as a list of `ty`; a null or empty dynamic is a null list.
pub(crate) fn items_udf(ty: Type, bags_as_arrays: bool, limit: usize) -> ScalarUDF {
    let kind = if bags_as_arrays { "array" } else { "bag" };
    ScalarUDF::new_from_impl(ListFunction {
        name: format!("kqlmv:items:{kind}:{}:{limit}", ty.name()),
        output: Output::Items { ty, bags_as_arrays },
        limit,
        signature: Signature::exact(vec![DataType::Utf8], Volatility::Immutable),
    })
}

/// Positions of the expanded elements of `n_items` dynamics.
pub(crate) fn index_udf(n_items: usize, limit: usize) -> ScalarUDF {
    ScalarUDF::new_from_impl(ListFunction {
        name: format!("kqlmv:index:{n_items}:{limit}"),
        output: Output::Index,
        limit,
        signature: Signature::exact(vec![DataType::Utf8; n_items], Volatility::Immutable),
    })
}

/// Rebuilds one of these from the name it has in a plan.
pub(crate) fn udf_by_name(name: &str) -> Option<ScalarUDF> {
    let parts: Vec<&str> = name.strip_prefix("kqlmv:")?.split(':').collect();
    match parts.as_slice() {
        ["items", kind, ty, limit] => Some(items_udf(
            Type::parse(ty)?,
            *kind == "array",
            limit.parse().ok()?,
        )),
        ["index", n_items, limit] => Some(index_udf(n_items.parse().ok()?, limit.parse().ok()?)),
        _ => None,
    }
}

fn expand(value: Value, bags_as_arrays: bool) -> Vec<Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(items) => items,
        Value::Object(map) if bags_as_arrays => map
            .into_iter()
            .map(|(k, v)| Value::Array(vec![Value::from(k), v]))
            .collect(),
        Value::Object(map) => map
            .into_iter()
            .map(|(k, v)| Value::Object(Map::from_iter([(k, v)])))
            .collect(),
        other => vec![other],
    }
}

impl ListFunction {
    fn element_type(&self) -> DataType {
        match &self.output {
            Output::Items { ty, .. } => arrow_type(*ty),
            Output::Index => DataType::Int64,
        }
    }

    fn items(&self, array: &ArrayRef, ty: Type, bags_as_arrays: bool) -> Result<ArrayRef> {
        let reader = Reader::new(Type::Dynamic, array, false)?;
        let mut values = ColumnBuilder::new(ty, array.len());
        let mut lengths = Vec::with_capacity(array.len());
        let texts = array.as_string_opt::<i32>();
        // Series of one `make-series` share their axis: it is read once.
        let mut before: Option<(&str, Vec<Datum<'static>>)> = None;
        for row in 0..array.len() {
            let text = texts.filter(|t| t.is_valid(row)).map(|t| t.value(row));
            if let Some(text) = text {
                if before.as_ref().is_none_or(|(same, _)| *same != text) {
                    before = elements::typed(text, ty, self.limit).map(|items| (text, items));
                }
                if let Some((_, items)) = &before {
                    items.iter().for_each(|item| values.push(item));
                    lengths.push(items.len());
                    continue;
                }
            }
            let mut items = expand(dynamic::to_json(&reader.get(row)), bags_as_arrays);
            items.truncate(self.limit);
            items
                .iter()
                .for_each(|item| values.push(&dynamic::to_type(item, ty)));
            lengths.push(items.len());
        }
        let nulls = NullBuffer::from_iter(lengths.iter().map(|n| *n > 0));
        let field = Arc::new(Field::new_list_field(arrow_type(ty), true));
        let offsets = OffsetBuffer::from_lengths(lengths);
        Ok(Arc::new(ListArray::try_new(
            field,
            offsets,
            values.finish(),
            Some(nulls),
        )?))
    }

    fn index(&self, arrays: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
        let readers = arrays
            .iter()
            .map(|array| Reader::new(Type::Dynamic, array, false))
            .collect::<Result<Vec<_>>>()?;
        let mut out = ListBuilder::new(Int64Builder::new());
        for row in 0..rows {
            let longest = readers
                .iter()
                .map(|r| expand(dynamic::to_json(&r.get(row)), true).len())
                .max();
            let n = longest.unwrap_or(0).min(self.limit).max(1);
            (0..n).for_each(|i| {
                out.values()
                    .append_value(i64::try_from(i).unwrap_or(i64::MAX))
            });
            out.append(true);
        }
        Ok(Arc::new(out.finish()))
    }
}

impl ScalarUDFImpl for ListFunction {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _args: &[DataType]) -> Result<DataType> {
        Ok(DataType::List(Arc::new(Field::new_list_field(
            self.element_type(),
            true,
        ))))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let arrays: Vec<ArrayRef> = arrays
            .into_iter()
            .map(|array| {
                if array.len() == args.number_rows {
                    Ok(array)
                } else {
                    repeat(&array, args.number_rows)
                }
            })
            .collect::<Result<_>>()?;
        let list = match &self.output {
            Output::Items { ty, bags_as_arrays } => {
                let array = arrays
                    .first()
                    .ok_or_else(|| DataFusionError::Internal("mv-expand of nothing".into()))?;
                self.items(array, *ty, *bags_as_arrays)?
            }
            Output::Index => self.index(&arrays, args.number_rows)?,
        };
        Ok(ColumnarValue::Array(list))
    }
}

fn repeat(array: &ArrayRef, rows: usize) -> Result<ArrayRef> {
    datafusion::scalar::ScalarValue::try_from_array(array, 0)?.to_array_of_size(rows)
}
