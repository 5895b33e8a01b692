//! String operators (`has`, `contains_cs`, `=~`, `matches regex`, `has_any` ...) over whole batches: a
//! constant needle is prepared once.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array, AsArray as _, BooleanArray, BooleanBuilder};
use arrow::buffer::BooleanBuffer;
use arrow::datatypes::DataType;
use datafusion::error::Result;
use datafusion::logical_expr::ColumnarValue;
use datafusion::scalar::ScalarValue;
use kql::types::Type;
use serde_json::Value;

use super::term::{Place, TextTest};
use super::text_search::ColumnSearch;
use super::udf::{missing_argument, readers};
use super::{Call, Kernel, batch, compile_regex};
use crate::values::{Datum, dynamic};

macro_rules! tests {
    ($(($name:literal, $place:expr, $ignore:literal)),* $(,)?) => {
        pub(super) const KERNELS: &[Kernel] = &[
            $(batch(&[$name], |call, args, rows| text_test(call, args, rows, $place, $ignore)),)*
            batch(&["op:matches_regex"], matches_regex),
            batch(&["op:in_ci"], |call, args, rows| any_of(call, args, rows, Membership::InIgnoreCase)),
            batch(&["op:in_list"], |call, args, rows| any_of(call, args, rows, Membership::In)),
            batch(&["op:has_any"], |call, args, rows| any_of(call, args, rows, Membership::HasAny)),
            batch(&["op:has_all"], |call, args, rows| any_of(call, args, rows, Membership::HasAll)),
        ];
    };
}

tests![
    ("op:eq_ci", Place::Equals, true),
    ("op:has", Place::Has, true),
    ("op:has_cs", Place::Has, false),
    ("op:hasprefix", Place::HasPrefix, true),
    ("op:hasprefix_cs", Place::HasPrefix, false),
    ("op:hassuffix", Place::HasSuffix, true),
    ("op:hassuffix_cs", Place::HasSuffix, false),
    ("op:contains", Place::Contains, true),
    ("op:contains_cs", Place::Contains, false),
    ("op:startswith", Place::StartsWith, true),
    ("op:startswith_cs", Place::StartsWith, false),
    ("op:endswith", Place::EndsWith, true),
    ("op:endswith_cs", Place::EndsWith, false),
];

fn is_constant(args: &[ColumnarValue]) -> bool {
    args.iter()
        .all(|arg| matches!(arg, ColumnarValue::Scalar(_)))
}

/// Runs `test` for each row of the first argument. A null there (a stored column read raw) gives null.
fn over_text(
    args: &[ColumnarValue],
    rows: usize,
    mut test: impl FnMut(usize, &str) -> bool,
) -> Result<ColumnarValue> {
    let first = args.first().ok_or_else(missing_argument)?;
    let n_rows = if is_constant(args) { 1 } else { rows };
    let array = first.to_array(n_rows)?;
    // A scan that filters by its texts has them as views.
    let tested = if let Some(views) = array.as_string_view_opt() {
        BooleanBuffer::collect_bool(n_rows, |row| {
            views.is_valid(row) && test(row, views.value(row))
        })
    } else {
        let array = arrow::compute::cast(&array, &DataType::Utf8)?;
        let texts = array.as_string::<i32>();
        BooleanBuffer::collect_bool(n_rows, |row| {
            texts.is_valid(row) && test(row, texts.value(row))
        })
    };
    let out = BooleanArray::new(tested, array.logical_nulls());
    if is_constant(args) {
        let value = out.iter().next().flatten();
        return Ok(ColumnarValue::Scalar(ScalarValue::Boolean(value)));
    }
    Ok(ColumnarValue::Array(Arc::new(out)))
}

fn text_test(
    _call: &Call<'_>,
    args: &[ColumnarValue],
    rows: usize,
    place: Place,
    ignore_case: bool,
) -> Result<ColumnarValue> {
    if rows == 0 && !is_constant(args) {
        return Ok(ColumnarValue::Array(Arc::new(
            BooleanBuilder::new().finish(),
        )));
    }
    let right = readers(&[Type::String], args.get(1..).unwrap_or_default())?;
    let right = right.first().ok_or_else(missing_argument)?;
    let mut prepared = TextTest::new(place, right.get(0).text(), ignore_case);
    if let [ColumnarValue::Array(texts), ColumnarValue::Scalar(_)] = args
        && let Some(texts) = texts.as_string_opt::<i32>()
        && let Some(search) = ColumnSearch::new(&prepared, place, right.get(0).text(), ignore_case)
    {
        return Ok(ColumnarValue::Array(Arc::new(search.run(texts))));
    }
    if matches!(args.get(1), Some(ColumnarValue::Scalar(_))) {
        return over_text(args, rows, |_, text| prepared.test(text));
    }
    let mut current = right.get(0).text().to_owned();
    over_text(args, rows, |row, text| {
        let needle = right.get(row);
        if needle.text() != current {
            current = needle.text().to_owned();
            prepared = TextTest::new(place, &current, ignore_case);
        }
        prepared.test(text)
    })
}

fn matches_regex(_call: &Call<'_>, args: &[ColumnarValue], rows: usize) -> Result<ColumnarValue> {
    let patterns = readers(&[Type::String], args.get(1..).unwrap_or_default())?;
    let patterns = patterns.first().ok_or_else(missing_argument)?;
    if patterns.is_constant() {
        let regex = compile_regex(patterns.get(0).text());
        return over_text(args, rows, |_, text| {
            regex.as_ref().is_some_and(|regex| regex.is_match(text))
        });
    }
    over_text(args, rows, |row, text| {
        let pattern = patterns.get(row);
        compile_regex(pattern.text()).is_some_and(|regex| regex.is_match(text))
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Membership {
    In,
    InIgnoreCase,
    HasAny,
    HasAll,
}

enum Elements {
    Set(HashSet<String>),
    Tests(Vec<TextTest>),
}

/// Elements of one row: dynamic arrays count as all of their elements.
fn elements(call: &Call<'_>, values: &[Datum<'_>], how: Membership) -> Elements {
    let mut texts = Vec::new();
    for (ty, value) in call.args.iter().skip(1).zip(values) {
        if ty.is_dynamic() && call.args.first().is_some_and(|ty| !ty.is_dynamic()) {
            match dynamic::to_json(value) {
                Value::Array(items) => texts.extend(items.iter().map(dynamic::to_plain_text)),
                Value::Null => {}
                other => texts.push(dynamic::to_plain_text(&other)),
            }
        } else {
            texts.push(crate::values::convert::to_text(value).into_owned());
        }
    }
    match how {
        Membership::In => Elements::Set(texts.into_iter().collect()),
        Membership::InIgnoreCase => Elements::Set(texts.iter().map(|t| t.to_lowercase()).collect()),
        _ => Elements::Tests(
            texts
                .iter()
                .map(|t| TextTest::new(Place::Has, t, true))
                .collect(),
        ),
    }
}

fn holds(elements: &Elements, how: Membership, text: &str) -> bool {
    match elements {
        Elements::Set(set) if how == Membership::In => set.contains(text),
        Elements::Set(set) => set.contains(&text.to_lowercase()),
        Elements::Tests(tests) if how == Membership::HasAny => tests.iter().any(|t| t.test(text)),
        Elements::Tests(tests) => tests.iter().all(|t| t.test(text)),
    }
}

fn any_of(
    call: &Call<'_>,
    args: &[ColumnarValue],
    rows: usize,
    how: Membership,
) -> Result<ColumnarValue> {
    let list = readers(
        call.args.get(1..).unwrap_or_default(),
        args.get(1..).unwrap_or_default(),
    )?;
    let row_values = |row: usize| -> Vec<Datum<'_>> { list.iter().map(|r| r.get(row)).collect() };
    let first_type = call.args.first().copied().unwrap_or(Type::String);
    let args = if first_type == Type::String {
        args.to_vec()
    } else {
        let mut args = args.to_vec();
        if let Some(first) = args.first_mut() {
            *first = as_text(first_type, first, rows)?;
        }
        args
    };
    if is_constant(args.get(1..).unwrap_or_default()) {
        let elements = elements(call, &row_values(0), how);
        return over_text(&args, rows, |_, text| holds(&elements, how, text));
    }
    over_text(&args, rows, |row, text| {
        holds(&elements(call, &row_values(row), how), how, text)
    })
}

/// The tested value as text, when it isn't a string (`long in (dynamic([1,2]))`).
fn as_text(ty: Type, value: &ColumnarValue, rows: usize) -> Result<ColumnarValue> {
    let array = value.to_array(rows)?;
    let reader = crate::values::Reader::new(ty, &array, false)?;
    let texts: arrow::array::StringArray = (0..rows)
        .map(|row| match reader.get(row) {
            Datum::Null => None,
            datum => Some(crate::values::convert::to_text(&datum).into_owned()),
        })
        .collect();
    Ok(ColumnarValue::Array(Arc::new(texts)))
}
