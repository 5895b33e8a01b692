//! One scalar value ([`Datum`]), and reading and writing it in Arrow arrays.
//!
//! `datetime` and `timespan` are Int64 ticks, `string`, `guid` and `dynamic` are Utf8, `decimal` is
//! Decimal128(38, 10); the KQL type beside the array says which is which.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, BooleanBuilder, Decimal128Array, Decimal128Builder,
    Float64Array, Float64Builder, Int32Array, Int32Builder, Int64Array, Int64Builder, StringArray,
    StringBuilder,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Decimal128Type, Float64Type, Int32Type, Int64Type};
use datafusion::error::{DataFusionError, Result};
use kql::types::Type;

use super::decimal;

/// A scalar with its KQL type; text borrows from the array it came from where it can.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Datum<'a> {
    Null,
    Bool(bool),
    Int(i32),
    Long(i64),
    Real(f64),
    /// Scaled by 10^10.
    Decimal(i128),
    Str(Cow<'a, str>),
    /// Ticks since 0001-01-01.
    DateTime(i64),
    TimeSpan(i64),
    Guid(Cow<'a, str>),
    /// JSON text; never the text `null` or an empty one when it comes from a [`Reader`].
    Dynamic(Cow<'a, str>),
}

impl<'a> Datum<'a> {
    pub(crate) fn string(text: impl Into<String>) -> Self {
        Datum::Str(Cow::Owned(text.into()))
    }

    pub(crate) fn json(value: &serde_json::Value) -> Self {
        if value.is_null() {
            Datum::Null
        } else {
            Datum::Dynamic(Cow::Owned(value.to_string()))
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Datum::Null)
    }

    /// The text of a string or guid (and the JSON text of a dynamic); "" for anything else.
    pub(crate) fn text(&self) -> &str {
        match self {
            Datum::Str(text) | Datum::Guid(text) | Datum::Dynamic(text) => text,
            _ => "",
        }
    }

    /// The text with the lifetime of the array, where it borrows from one.
    pub(crate) fn cow(&self) -> Cow<'a, str> {
        match self {
            Datum::Str(text) | Datum::Guid(text) | Datum::Dynamic(text) => text.clone(),
            _ => Cow::Borrowed(""),
        }
    }

    /// An integer from any integral value: int, long, ticks, bool.
    pub(crate) fn as_i64(&self) -> Option<i64> {
        match self {
            Datum::Int(v) => Some(i64::from(*v)),
            Datum::Long(v) | Datum::DateTime(v) | Datum::TimeSpan(v) => Some(*v),
            Datum::Bool(v) => Some(i64::from(*v)),
            _ => None,
        }
    }

    /// A double from any number.
    pub(crate) fn as_f64(&self) -> Option<f64> {
        match self {
            Datum::Real(v) => Some(*v),
            Datum::Decimal(v) => Some(decimal::to_f64(*v)),
            #[allow(clippy::cast_precision_loss)]
            other => other.as_i64().map(|v| v as f64),
        }
    }

    pub(crate) fn into_static(self) -> Datum<'static> {
        match self {
            Datum::Null => Datum::Null,
            Datum::Bool(v) => Datum::Bool(v),
            Datum::Int(v) => Datum::Int(v),
            Datum::Long(v) => Datum::Long(v),
            Datum::Real(v) => Datum::Real(v),
            Datum::Decimal(v) => Datum::Decimal(v),
            Datum::Str(v) => Datum::Str(Cow::Owned(v.into_owned())),
            Datum::DateTime(v) => Datum::DateTime(v),
            Datum::TimeSpan(v) => Datum::TimeSpan(v),
            Datum::Guid(v) => Datum::Guid(Cow::Owned(v.into_owned())),
            Datum::Dynamic(v) => Datum::Dynamic(Cow::Owned(v.into_owned())),
        }
    }
}

/// A part of a text that keeps borrowing when the text borrows. `None` when the range cuts a character.
pub(crate) fn slice<'a>(text: &Cow<'a, str>, start: usize, end: usize) -> Cow<'a, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.get(start..end).unwrap_or("")),
        Cow::Owned(text) => Cow::Owned(text.get(start..end).unwrap_or("").to_owned()),
    }
}

/// The Arrow type that holds a KQL type inside a plan.
pub(crate) fn arrow_type(ty: Type) -> DataType {
    match ty {
        Type::Bool => DataType::Boolean,
        Type::Int => DataType::Int32,
        Type::Long | Type::DateTime | Type::TimeSpan => DataType::Int64,
        Type::Real => DataType::Float64,
        Type::Decimal => DataType::Decimal128(38, decimal::SCALE),
        Type::String | Type::Guid | Type::Dynamic | Type::Unknown => DataType::Utf8,
    }
}

enum Values {
    Bool(BooleanArray),
    Int(Int32Array),
    Long(Int64Array),
    Real(Float64Array),
    Decimal(Decimal128Array),
    Text(StringArray),
    Null,
}

/// Reads the rows of one array as values of one KQL type. An array of length one stands for all rows.
pub(crate) struct Reader {
    ty: Type,
    values: Values,
    constant: bool,
}

impl Reader {
    /// # Errors
    /// When the array cannot be read as `ty`.
    pub(crate) fn new(ty: Type, array: &ArrayRef, constant: bool) -> Result<Self> {
        let want = arrow_type(ty);
        let array = if *array.data_type() == DataType::Null {
            return Ok(Self {
                ty,
                values: Values::Null,
                constant,
            });
        } else if *array.data_type() == want {
            Arc::clone(array)
        } else {
            cast(array, &want)?
        };
        let values = match want {
            DataType::Boolean => Values::Bool(array.as_boolean().clone()),
            DataType::Int32 => Values::Int(array.as_primitive::<Int32Type>().clone()),
            DataType::Int64 => Values::Long(array.as_primitive::<Int64Type>().clone()),
            DataType::Float64 => Values::Real(array.as_primitive::<Float64Type>().clone()),
            DataType::Decimal128(_, _) => {
                Values::Decimal(array.as_primitive::<Decimal128Type>().clone())
            }
            DataType::Utf8 => Values::Text(array.as_string::<i32>().clone()),
            other => {
                return Err(DataFusionError::Internal(format!("no reader for {other}")));
            }
        };
        Ok(Self {
            ty,
            values,
            constant,
        })
    }

    /// Whether all rows have one value.
    pub(crate) fn is_constant(&self) -> bool {
        self.constant
    }

    pub(crate) fn get(&self, row: usize) -> Datum<'_> {
        let row = if self.constant { 0 } else { row };
        macro_rules! read {
            ($array:expr, $make:expr) => {
                if $array.is_null(row) {
                    Datum::Null
                } else {
                    $make($array.value(row))
                }
            };
        }
        match &self.values {
            Values::Null if self.ty == Type::String => Datum::Str(Cow::Borrowed("")),
            Values::Null => Datum::Null,
            Values::Bool(a) => read!(a, Datum::Bool),
            Values::Int(a) => read!(a, Datum::Int),
            Values::Long(a) => read!(a, |v| match self.ty {
                Type::DateTime => Datum::DateTime(v),
                Type::TimeSpan => Datum::TimeSpan(v),
                _ => Datum::Long(v),
            }),
            Values::Real(a) => read!(a, Datum::Real),
            Values::Decimal(a) => read!(a, Datum::Decimal),
            Values::Text(a) => self.text(a, row),
        }
    }

    fn text<'a>(&self, array: &'a StringArray, row: usize) -> Datum<'a> {
        let null = array.is_null(row);
        match self.ty {
            Type::String if null => Datum::Str(Cow::Borrowed("")),
            _ if null => Datum::Null,
            Type::String => Datum::Str(Cow::Borrowed(array.value(row))),
            Type::Guid => match array.value(row) {
                "" => Datum::Null,
                text => Datum::Guid(Cow::Borrowed(text)),
            },
            _ => match array.value(row) {
                "" | "null" => Datum::Null,
                text => Datum::Dynamic(Cow::Borrowed(text)),
            },
        }
    }
}

/// Builds an array of one KQL type from values. A null string is written as "".
pub(crate) enum ColumnBuilder {
    Bool(BooleanBuilder),
    Int(Int32Builder),
    Long(Int64Builder),
    Real(Float64Builder),
    Decimal(Decimal128Builder),
    Text(StringBuilder, Type),
}

impl ColumnBuilder {
    pub(crate) fn new(ty: Type, rows: usize) -> Self {
        match ty {
            Type::Bool => Self::Bool(BooleanBuilder::with_capacity(rows)),
            Type::Int => Self::Int(Int32Builder::with_capacity(rows)),
            Type::Long | Type::DateTime | Type::TimeSpan => {
                Self::Long(Int64Builder::with_capacity(rows))
            }
            Type::Real => Self::Real(Float64Builder::with_capacity(rows)),
            Type::Decimal => Self::Decimal(
                Decimal128Builder::with_capacity(rows).with_data_type(arrow_type(Type::Decimal)),
            ),
            Type::String | Type::Guid | Type::Dynamic | Type::Unknown => {
                Self::Text(StringBuilder::with_capacity(rows, rows * 8), ty)
            }
        }
    }

    /// Appends a value; one of another type than the column's is null.
    pub(crate) fn push(&mut self, value: &Datum<'_>) {
        match self {
            Self::Bool(b) => match value {
                Datum::Bool(v) => b.append_value(*v),
                _ => b.append_null(),
            },
            Self::Int(b) => b.append_option(value.as_i64().and_then(|v| i32::try_from(v).ok())),
            Self::Long(b) => b.append_option(value.as_i64()),
            Self::Real(b) => b.append_option(value.as_f64()),
            Self::Decimal(b) => match value {
                Datum::Decimal(v) => b.append_value(*v),
                other => b.append_option(other.as_i64().and_then(decimal::from_i64)),
            },
            Self::Text(b, Type::String) => b.append_value(value.text()),
            Self::Text(b, Type::Guid) => match value {
                Datum::Str(t) | Datum::Guid(t) => b.append_value(t),
                _ => b.append_null(),
            },
            Self::Text(b, _) => match value {
                Datum::Dynamic(t) => b.append_value(t),
                other => b.append_option(super::dynamic::to_text(other)),
            },
        }
    }

    pub(crate) fn finish(self) -> ArrayRef {
        match self {
            Self::Bool(mut b) => Arc::new(b.finish()),
            Self::Int(mut b) => Arc::new(b.finish()),
            Self::Long(mut b) => Arc::new(b.finish()),
            Self::Real(mut b) => Arc::new(b.finish()),
            Self::Decimal(mut b) => Arc::new(b.finish()),
            Self::Text(mut b, _) => Arc::new(b.finish()),
        }
    }
}
