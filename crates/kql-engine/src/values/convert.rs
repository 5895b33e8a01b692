//! The scalar conversions `tobool()` ... `totimespan()`: null (or "") when a value doesn't convert.

use std::borrow::Cow;

use kql::types::Type;

use super::{Datum, datetime, decimal, dynamic, number, timespan};

/// Converts to `ty` with the meaning of `toT(value)`.
pub(crate) fn to_type<'a>(value: &Datum<'a>, ty: Type) -> Datum<'a> {
    if let (Datum::Dynamic(text), false) = (value, ty.is_dynamic()) {
        return dynamic::to_type(&dynamic::parse(text), ty);
    }
    match ty {
        Type::Dynamic | Type::Unknown => match value {
            Datum::Dynamic(_) => value.clone(),
            other => {
                dynamic::to_text(other).map_or(Datum::Null, |text| Datum::Dynamic(Cow::Owned(text)))
            }
        },
        Type::String => Datum::Str(to_text(value)),
        _ if value.is_null() => Datum::Null,
        Type::Bool => option(to_bool(value), Datum::Bool),
        Type::Int => option(
            to_long(value).and_then(|v| i32::try_from(v).ok()),
            Datum::Int,
        ),
        Type::Long => option(to_long(value), Datum::Long),
        Type::Real => option(to_real(value), Datum::Real),
        Type::Decimal => option(to_decimal(value), Datum::Decimal),
        Type::DateTime => option(to_datetime(value), Datum::DateTime),
        Type::TimeSpan => option(to_timespan(value), Datum::TimeSpan),
        Type::Guid => match value {
            Datum::Guid(_) => value.clone(),
            other => option(number::parse_guid(other.text()), |t| {
                Datum::Guid(Cow::Owned(t))
            }),
        },
    }
}

fn option<'a, T>(value: Option<T>, make: impl FnOnce(T) -> Datum<'a>) -> Datum<'a> {
    value.map_or(Datum::Null, make)
}

/// `tostring()`.
pub(crate) fn to_text<'a>(value: &Datum<'a>) -> Cow<'a, str> {
    Cow::Owned(match value {
        Datum::Null => String::new(),
        Datum::Bool(v) => v.to_string(),
        Datum::Int(v) => v.to_string(),
        Datum::Long(v) => v.to_string(),
        Datum::Real(v) => number::format_real(*v),
        Datum::Decimal(v) => decimal::format(*v),
        Datum::DateTime(v) => datetime::format(*v),
        Datum::TimeSpan(v) => timespan::format(*v),
        Datum::Dynamic(text) => dynamic::to_plain_text(&dynamic::parse(text)),
        Datum::Str(text) | Datum::Guid(text) => return text.clone(),
    })
}

fn to_bool(value: &Datum<'_>) -> Option<bool> {
    match value {
        Datum::Bool(v) => Some(*v),
        Datum::Int(_) | Datum::Long(_) => value.as_i64().map(|v| v != 0),
        Datum::Real(v) => Some(*v != 0.0),
        Datum::Str(text) => number::parse_bool(text),
        _ => None,
    }
}

fn to_long(value: &Datum<'_>) -> Option<i64> {
    match value {
        Datum::Real(v) => number::real_to_long(*v),
        Datum::Decimal(v) => number::real_to_long(decimal::to_f64(*v)),
        Datum::Str(text) => number::parse_long(text),
        other => other.as_i64(),
    }
}

fn to_real(value: &Datum<'_>) -> Option<f64> {
    match value {
        Datum::Str(text) => number::parse_real(text),
        other => other.as_f64(),
    }
}

fn to_decimal(value: &Datum<'_>) -> Option<i128> {
    match value {
        Datum::Decimal(v) => Some(*v),
        Datum::Real(v) => decimal::from_f64(*v),
        Datum::Str(text) => decimal::parse(text),
        other => other.as_i64().and_then(decimal::from_i64),
    }
}

fn to_datetime(value: &Datum<'_>) -> Option<i64> {
    match value {
        Datum::DateTime(v) => Some(*v),
        Datum::Str(text) => datetime::parse(text),
        other => datetime::checked(other.as_i64()?),
    }
}

fn to_timespan(value: &Datum<'_>) -> Option<i64> {
    match value {
        Datum::TimeSpan(v) => Some(*v),
        Datum::Str(text) => timespan::parse(text),
        // A bare number is a count of ticks for integers.
        other => other.as_i64(),
    }
}
