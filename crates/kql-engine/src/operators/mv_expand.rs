//! The functions under `mv-expand`: a dynamic as a list of typed elements, and the list of their positions.
//! DataFusion's `Unnest` then expands several lists in parallel, which is what the operator means.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Builder, ListArray, ListBuilder, StringArray};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use kql::types::Type;
use serde_json::{Map, Value};

use crate::values::elements::{self, Longs};
use crate::values::{ColumnBuilder, Datum, Reader, arrow_type, dynamic};

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

fn n_items(value: &Datum<'_>) -> usize {
    elements::count(value.text()).unwrap_or_else(|| expand(dynamic::to_json(value), true).len())
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
        let texts = array.as_string_opt::<i32>();
        if arrow_type(ty) == DataType::Int64 {
            return self.long_items(&reader, texts, array.len(), (ty, bags_as_arrays));
        }
        let mut values = ColumnBuilder::new(ty, array.len());
        let mut lengths = Vec::with_capacity(array.len());
        for row in 0..array.len() {
            let text = text_of(texts, row);
            if let Some(items) = text.and_then(|text| elements::typed(text, ty, self.limit)) {
                items.iter().for_each(|item| values.push(item));
                lengths.push(items.len());
                continue;
            }
            let items = self.converted(&reader.get(row), ty, bags_as_arrays);
            items.iter().for_each(|item| values.push(item));
            lengths.push(items.len());
        }
        list(ty, lengths, values.finish())
    }

    /// Items of a type that is kept in 64 bits: counts and times, of which a series has hundreds.
    fn long_items(
        &self,
        reader: &Reader,
        texts: Option<&StringArray>,
        rows: usize,
        (ty, bags_as_arrays): (Type, bool),
    ) -> Result<ArrayRef> {
        let mut items = Longs::new(ty, self.limit);
        let mut lengths = Vec::with_capacity(rows);
        // Series of one `make-series` share their axis: it is read once.
        let mut before = None;
        for row in 0..rows {
            let text = text_of(texts, row);
            let n = if text.is_some() && text == before {
                Some(items.push_last())
            } else {
                text.and_then(|text| items.push_array(text))
            };
            before = text.filter(|_| n.is_some());
            lengths.push(n.unwrap_or_else(|| {
                let other = self.converted(&reader.get(row), ty, bags_as_arrays);
                items.push_list(other.iter().map(Datum::as_i64))
            }));
        }
        list(ty, lengths, items.finish()?)
    }

    /// Items of any dynamic.
    fn converted(&self, value: &Datum<'_>, ty: Type, bags_as_arrays: bool) -> Vec<Datum<'static>> {
        let items = expand(dynamic::to_json(value), bags_as_arrays).into_iter();
        let items = items.take(self.limit);
        items.map(|item| dynamic::to_type(&item, ty)).collect()
    }

    fn index(&self, arrays: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
        let readers = arrays
            .iter()
            .map(|array| Reader::new(Type::Dynamic, array, false))
            .collect::<Result<Vec<_>>>()?;
        let mut out = ListBuilder::new(Int64Builder::new());
        for row in 0..rows {
            let longest = readers.iter().map(|r| n_items(&r.get(row))).max();
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

fn text_of(texts: Option<&StringArray>, row: usize) -> Option<&str> {
    texts.filter(|t| t.is_valid(row)).map(|t| t.value(row))
}

/// Lists of these lengths; an empty one is null.
fn list(ty: Type, lengths: Vec<usize>, values: ArrayRef) -> Result<ArrayRef> {
    let nulls = NullBuffer::from_iter(lengths.iter().map(|n| *n > 0));
    let field = Arc::new(Field::new_list_field(arrow_type(ty), true));
    let offsets = OffsetBuffer::from_lengths(lengths);
    let list = ListArray::try_new(field, offsets, values, Some(nulls))?;
    Ok(Arc::new(list))
}

fn repeat(array: &ArrayRef, rows: usize) -> Result<ArrayRef> {
    datafusion::scalar::ScalarValue::try_from_array(array, 0)?.to_array_of_size(rows)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use arrow::datatypes::Int64Type;
    use proptest::prelude::*;

    fn dynamic_text() -> impl Strategy<Value = Option<String>> {
        let element = prop_oneof![
            4 => (-9_i64..12_345).prop_map(|v| v.to_string()),
            2 => Just("\"2026-03-06T12:34:56.7890000Z\"".to_owned()),
            1 => prop::sample::select(vec!["null", "1.5", "[1]", "{\"a\":2}", "\"7\"", "true", "nul", "\"a\\n\""])
                .prop_map(str::to_owned),
        ];
        let array = prop::collection::vec(element, 0..5).prop_map(|v| format!("[{}]", v.join(",")));
        let other = prop::sample::select(vec![
            "",
            "null",
            "5",
            "{\"a\":1,\"b\":[2]}",
            "[1",
            "not json",
        ]);
        prop_oneof![
            1 => Just(None),
            5 => array.prop_map(Some),
            2 => other.prop_map(|text| Some(text.to_owned())),
        ]
    }

    proptest! {
        /// Whatever text a row has, and whatever the rows around it: its items are those of its tree.
        #[test]
        fn items_are_what_the_tree_has(
            texts in prop::collection::vec((dynamic_text(), 1_usize..3), 0..6), limit in 0_usize..6
        ) {
            let texts: Vec<Option<String>> =
                texts.into_iter().flat_map(|(text, n)| vec![text; n]).collect();
            let array: ArrayRef = Arc::new(StringArray::from(texts.clone()));
            for (ty, bags_as_arrays) in [(Type::Long, true), (Type::DateTime, false), (Type::TimeSpan, false)] {
                let function = ListFunction {
                    name: String::new(),
                    output: Output::Index,
                    limit,
                    signature: Signature::nullary(Volatility::Immutable),
                };
                let lists = function.items(&array, ty, bags_as_arrays).unwrap();
                let lists = lists.as_list::<i32>();
                for (row, text) in texts.iter().enumerate() {
                    let tree = text.as_deref().map_or(Value::Null, dynamic::parse);
                    let items = expand(tree, bags_as_arrays).into_iter().take(limit);
                    let want: Vec<Option<i64>> = items.map(|item| dynamic::to_type(&item, ty).as_i64()).collect();
                    let got = lists.value(row);
                    let got: Vec<Option<i64>> = got.as_primitive::<Int64Type>().iter().collect();
                    prop_assert_eq!(&got, &want);
                    prop_assert_eq!(lists.is_valid(row), !want.is_empty());
                }
            }
        }
    }
}
