//! Paths into JSON text and parts of split text a column at a time: `parse_json(x).a.b[0]`, `split(x, '/')[1]`, with
//! the conversion `toT()` around them when the result has another type than `dynamic`.
//!
//! Each gives what the calls it stands for give one after the other, and copies only what its result holds.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanBufferBuilder, StringArray};
use arrow::buffer::NullBuffer;
use arrow::compute::cast;
use arrow::datatypes::DataType;
use datafusion::error::Result;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{ColumnarValue, Expr};
use datafusion::scalar::ScalarValue;
use kql::types::Type;

use super::stored::over;
use super::udf::{missing_argument, udf_by_name};
use super::{Call, Kernel, batch, conversion};
use crate::values::json_text::{self, Found};
use crate::values::{ColumnBuilder, Datum, convert, dynamic, raw};

pub(super) const KERNELS: &[Kernel] = &[
    batch(&["op:parsed"], parsed),
    batch(&["op:path"], path),
    batch(&["op:part"], part),
];

fn texts(array: &ArrayRef) -> Result<StringArray> {
    match array.as_string_opt::<i32>() {
        Some(texts) => Ok(texts.clone()),
        None => Ok(cast(array, &DataType::Utf8)?.as_string::<i32>().clone()),
    }
}

/// A column of one value for each text.
fn column<'t>(
    ty: Type,
    texts: &'t StringArray,
    value: impl Fn(Option<&'t str>) -> Datum<'t>,
) -> ArrayRef {
    let mut out = ColumnBuilder::new(ty, texts.len());
    for text in texts {
        out.push(&value(text));
    }
    out.finish()
}

/// `parse_json()` of a string. Text that is JSON stays where it is: the result shares the buffer.
fn parsed(call: &Call<'_>, args: &[ColumnarValue], _rows: usize) -> Result<ColumnarValue> {
    over(args, |array| {
        let texts = texts(array)?;
        let mut known = BooleanBufferBuilder::new(texts.len());
        for text in &texts {
            match text.unwrap_or_default().trim() {
                "" | "null" => known.append(false),
                trimmed if json_text::is_json(trimmed) => known.append(true),
                _ => return Ok(column(call.ret, &texts, json_of)),
            }
        }
        let nulls = NullBuffer::new(known.finish());
        let (offsets, values, _) = texts.into_parts();
        Ok(Arc::new(StringArray::try_new(
            offsets,
            values,
            Some(nulls),
        )?))
    })
}

fn json_of(text: Option<&str>) -> Datum<'_> {
    text.map_or(Datum::Null, |text| conversion::json_of(Cow::Borrowed(text)))
}

/// A step of a path.
enum Step<'s> {
    Name(&'s str),
    /// Negative from the end.
    At(i64),
}

impl<'s> Step<'s> {
    fn new(arg: &'s ColumnarValue) -> Option<Self> {
        match arg {
            ColumnarValue::Scalar(ScalarValue::Utf8(Some(name))) => Some(Self::Name(name)),
            ColumnarValue::Scalar(ScalarValue::Int64(Some(at))) => Some(Self::At(*at)),
            _ => None,
        }
    }

    fn name(&self) -> Option<&'s str> {
        match self {
            Self::Name(name) => Some(name),
            Self::At(_) => None,
        }
    }

    fn of<'t>(&self, text: &'t str) -> Option<&'t str> {
        match self {
            Self::Name(name) => dynamic::member(text, name),
            Self::At(at) => dynamic::element(text, *at),
        }
    }
}

fn follow<'t>(text: Option<&'t str>, steps: &[Step<'_>]) -> Option<&'t str> {
    let text = text.filter(|text| !matches!(*text, "" | "null"))?;
    steps.iter().try_fold(text, |text, step| step.of(text))
}

/// The same in a string that is parsed first. The names that a path begins with are followed while the text is checked.
fn follow_parsed<'t>(text: &'t str, names: &[&str], steps: &[Step<'_>]) -> Option<&'t str> {
    if text.is_empty() {
        return None;
    }
    match json_text::find(text, names) {
        Found::Nothing => None,
        Found::Value(value) => {
            let mut rest = steps.iter().skip(names.len());
            rest.try_fold(value, |text, step| step.of(text))
        }
        Found::Unclear => match conversion::json_of(Cow::Borrowed(text)) {
            Datum::Dynamic(Cow::Borrowed(json)) => follow(Some(json), steps),
            // A string has neither members nor elements.
            _ => None,
        },
    }
}

/// `op:path(dynamic, step...)`, or of a string that is parsed first. The steps are constants.
fn path(call: &Call<'_>, args: &[ColumnarValue], _rows: usize) -> Result<ColumnarValue> {
    let steps = args.iter().skip(1).map(Step::new);
    let steps: Vec<Step<'_>> = steps.collect::<Option<_>>().ok_or_else(missing_argument)?;
    let names = steps.iter().map_while(Step::name);
    let names: Vec<&str> = names.collect();
    over(args, |array| {
        let texts = texts(array)?;
        Ok(if call.args.first() == Some(&Type::String) {
            column(call.ret, &texts, |text| {
                let found = text.and_then(|text| follow_parsed(text, &names, &steps));
                value_of(found, call.ret)
            })
        } else {
            column(call.ret, &texts, |text| {
                value_of(follow(text, &steps), call.ret)
            })
        })
    })
}

/// A call of `op:path` whose dynamic is parsed from a string for it alone, as one of a path in the string.
pub(crate) fn of_string(path: &ScalarFunction) -> Option<ScalarFunction> {
    let (source, steps) = path.args.split_first()?;
    let rest = path.func.name().strip_prefix("kql:op:path(dynamic,")?;
    let Expr::ScalarFunction(parsed) = source else {
        return None;
    };
    if !parsed.func.name().starts_with("kql:op:parsed(string)") {
        return None;
    }
    let udf = udf_by_name(&format!("kql:op:path(string,{rest}"))?;
    let text = parsed.args.first()?.clone();
    let args = std::iter::once(text).chain(steps.iter().cloned());
    Some(ScalarFunction::new_udf(Arc::new(udf), args.collect()))
}

fn value_of(found: Option<&str>, ty: Type) -> Datum<'_> {
    match found {
        None | Some("null") => Datum::Null,
        Some(found) if ty.is_dynamic() => Datum::Dynamic(Cow::Borrowed(found)),
        Some(found) => raw::to_type(found, ty),
    }
}

/// `op:part(string, separator, index)`: `split(string, separator)[index]`, the last two constants.
fn part(call: &Call<'_>, args: &[ColumnarValue], _rows: usize) -> Result<ColumnarValue> {
    let [
        _,
        ColumnarValue::Scalar(ScalarValue::Utf8(Some(separator))),
        ColumnarValue::Scalar(ScalarValue::Int64(Some(at))),
    ] = args
    else {
        return Err(missing_argument());
    };
    over(args, |array| {
        let texts = texts(array)?;
        Ok(column(call.ret, &texts, |text| {
            nth_part(text.unwrap_or_default(), separator, *at)
                .map_or(Datum::Null, |part| converted(part, call.ret))
        }))
    })
}

fn converted(part: &str, ty: Type) -> Datum<'_> {
    convert::to_type(&Datum::Str(Cow::Borrowed(part)), ty)
}

fn nth_part<'t>(text: &'t str, separator: &str, at: i64) -> Option<&'t str> {
    match separator.as_bytes() {
        [] => nth(at, || std::iter::once(text)),
        // A character is found faster than a text.
        [byte] => nth(at, || text.split(char::from(*byte))),
        _ => nth(at, || text.split(separator)),
    }
}

fn nth<'t, I: Iterator<Item = &'t str>>(at: i64, parts: impl Fn() -> I) -> Option<&'t str> {
    let at = if at < 0 {
        i64::try_from(parts().count()).ok()?.checked_add(at)?
    } else {
        at
    };
    parts().nth(usize::try_from(at).ok()?)
}

#[cfg(test)]
mod tests;
