//! `decimal` as an i128 scaled by 10^10: 28 digits before the point, 10 after it.

/// Digits after the point.
pub(crate) const SCALE: i8 = 10;
const ONE: i128 = 10_000_000_000;

pub(crate) fn from_i64(value: i64) -> Option<i128> {
    i128::from(value).checked_mul(ONE)
}

#[allow(clippy::cast_precision_loss)]
pub(crate) fn to_f64(value: i128) -> f64 {
    value as f64 / ONE as f64
}

/// The nearest decimal, by way of the shortest text of the double.
pub(crate) fn from_f64(value: f64) -> Option<i128> {
    value
        .is_finite()
        .then(|| parse(&format!("{value}")))
        .flatten()
}

/// Reads `[-]digits[.digits][e±n]`; digits beyond the tenth after the point are cut.
pub(crate) fn parse(text: &str) -> Option<i128> {
    let text = text.trim();
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (negative, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let digits: String = format!("{whole}{fraction}");
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let shift = i32::from(SCALE) - i32::try_from(fraction.len()).ok()? + exponent;
    let mut value: i128 = 0;
    let keep = if shift < 0 {
        digits.len().saturating_sub(shift.unsigned_abs() as usize)
    } else {
        digits.len()
    };
    for byte in digits.bytes().take(keep) {
        value = value
            .checked_mul(10)?
            .checked_add(i128::from(byte - b'0'))?;
    }
    for _ in 0..shift.max(0) {
        value = value.checked_mul(10)?;
    }
    Some(if negative { -value } else { value })
}

/// The shortest text: no trailing zeros, no point for whole numbers.
pub(crate) fn format(value: i128) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let magnitude = value.unsigned_abs();
    let whole = magnitude / ONE.unsigned_abs();
    let fraction = magnitude % ONE.unsigned_abs();
    if fraction == 0 {
        return format!("{sign}{whole}");
    }
    let fraction = format!("{fraction:010}");
    format!("{sign}{whole}.{}", fraction.trim_end_matches('0'))
}

pub(crate) fn multiply(a: i128, b: i128) -> Option<i128> {
    // Split one factor so that the product keeps its whole part within range.
    let (whole, part) = (b / ONE, b % ONE);
    a.checked_mul(whole)?
        .checked_add(a.checked_mul(part)? / ONE)
}

pub(crate) fn divide(a: i128, b: i128) -> Option<i128> {
    if b == 0 {
        return None;
    }
    match a.checked_mul(ONE) {
        Some(scaled) => Some(scaled / b),
        None => from_f64(to_f64(a) / to_f64(b)),
    }
}
