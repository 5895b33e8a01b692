//! One JSON value, as its text, to a scalar: without a tree where the text is plain.

use std::borrow::Cow;

use kql::types::Type;

use super::{Datum, convert, dynamic, json_text};

/// `toT()` of a value's text: what its tree would convert to.
pub(crate) fn to_type(raw: &str, ty: Type) -> Datum<'_> {
    match scalar(raw) {
        // The text of a real in JSON isn't that of a real.
        Some(Datum::Real(_)) if ty == Type::String => {}
        Some(value) => return convert::to_type(&value, ty),
        None => {}
    }
    dynamic::to_type(&dynamic::parse(raw), ty)
}

/// A value that takes no decoding.
fn scalar(raw: &str) -> Option<Datum<'_>> {
    match raw.as_bytes().first()? {
        b'"' => {
            let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
            json_text::is_plain(inner).then_some(Datum::Str(Cow::Borrowed(inner)))
        }
        b't' => (raw == "true").then_some(Datum::Bool(true)),
        b'f' => (raw == "false").then_some(Datum::Bool(false)),
        _ => number(raw),
    }
}

/// Digits that a `long` has room for.
const LONG_DIGITS: usize = 18;
/// Digits that a double holds exactly, and as many places keep the power of ten exact: one division rounds once.
const REAL_DIGITS: usize = 15;

fn number(raw: &str) -> Option<Datum<'static>> {
    let (negative, digits) = match raw.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, raw),
    };
    let (whole, fraction) = match digits.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (digits, None),
    };
    if whole.starts_with('0') && whole.len() > 1 {
        return None;
    }
    let Some(fraction) = fraction else {
        let value = natural(whole, 0).filter(|_| whole.len() <= LONG_DIGITS)?;
        return match (negative, value) {
            // JSON has a zero below zero.
            (true, 0) => None,
            (true, value) => Some(Datum::Long(-value)),
            (false, value) => Some(Datum::Long(value)),
        };
    };
    if whole.len() + fraction.len() > REAL_DIGITS {
        return None;
    }
    let places = u32::try_from(fraction.len()).ok()?;
    let value = natural(fraction, natural(whole, 0)?)?;
    #[allow(clippy::cast_precision_loss)]
    let value = value as f64 / 10_i64.pow(places) as f64;
    Some(Datum::Real(if negative { -value } else { value }))
}

/// The digits of a text put behind a number. `None` for other text, none, and too many.
fn natural(digits: &str, before: i64) -> Option<i64> {
    if digits.is_empty() || digits.len() > LONG_DIGITS {
        return None;
    }
    let mut value = before;
    for digit in digits.bytes() {
        if !digit.is_ascii_digit() {
            return None;
        }
        value = value * 10 + i64::from(digit - b'0');
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::sample;
    use proptest::prelude::*;

    const TYPES: [Type; 9] = [
        Type::String,
        Type::Bool,
        Type::Int,
        Type::Long,
        Type::Real,
        Type::Decimal,
        Type::DateTime,
        Type::TimeSpan,
        Type::Guid,
    ];

    fn same_as_tree(raw: &str) {
        for ty in TYPES {
            let want = dynamic::to_type(&dynamic::parse(raw), ty);
            assert_eq!(
                format!("{:?}", to_type(raw, ty)),
                format!("{want:?}"),
                "{raw} {ty:?}"
            );
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]
        #[test]
        fn text_converts_as_its_tree(raw in sample::maybe_json()) {
            same_as_tree(&raw);
        }

        #[test]
        fn numbers_convert_as_their_trees(
            raw in "-?(0|[1-9][0-9]{0,19}|0[0-9])(\\.[0-9]{0,19})?([eE][+-]?[0-9]{1,3})?",
        ) {
            same_as_tree(&raw);
        }
    }

    #[test]
    fn ends_of_ranges_convert_as_their_trees() {
        for raw in [
            "-0",
            "0",
            "-0.0",
            "0.1",
            "999999999999999999",
            "-999999999999999999",
            "9223372036854775807",
            "-9223372036854775808",
            "9223372036854775808",
            "18446744073709551616",
            "1.",
            ".5",
            "-",
            "--1",
            "1e999",
            "123456789012.345",
            "1234567890123.4567",
            "2147483648",
            "\"2147483648\"",
            "\"\"",
            "\"",
            "\"\\u00e9\"",
            "\"\\ud83d\"",
            "true",
            "truex",
            "false",
            "nul",
            "{\"a\":1, \"a\":2}",
            "[1.50, 1e3]",
        ] {
            same_as_tree(raw);
        }
    }
}
