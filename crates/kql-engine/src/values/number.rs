//! Numbers to and from text.

/// The text of a real as `tostring()` gives it: shortest digits, `1.0` for whole numbers, `1E+15` style
/// from 10^15 up and below 10^-4.
pub(crate) fn format_real(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    let magnitude = value.abs();
    if magnitude != 0.0 && !(1e-4..1e15).contains(&magnitude) {
        let text = format!("{value:E}");
        let (mantissa, exponent) = text.split_once('E').unwrap_or((&text, "0"));
        let (sign, digits) = match exponent.strip_prefix('-') {
            Some(digits) => ('-', digits),
            None => ('+', exponent),
        };
        return format!("{mantissa}E{sign}{digits:0>2}");
    }
    let text = format!("{value}");
    if text.contains('.') {
        text
    } else {
        format!("{text}.0")
    }
}

/// `tolong(string)`: decimal, `0x` hexadecimal, or a real that is cut; blanks around are ignored.
pub(crate) fn parse_long(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(value) = text.parse::<i64>() {
        return Some(value);
    }
    if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return u64::from_str_radix(hex, 16).ok().map(u64::cast_signed);
    }
    real_to_long(parse_real(text)?)
}

/// `toreal(string)`.
pub(crate) fn parse_real(text: &str) -> Option<f64> {
    let text = text.trim();
    match text {
        "NaN" | "nan" => return Some(f64::NAN),
        "Infinity" | "inf" | "+inf" => return Some(f64::INFINITY),
        "-Infinity" | "-inf" => return Some(f64::NEG_INFINITY),
        _ => {}
    }
    let first = text.bytes().next()?;
    if !(first.is_ascii_digit() || matches!(first, b'+' | b'-' | b'.')) {
        return None;
    }
    if let Some(hex) = text.strip_prefix("0x") {
        #[allow(clippy::cast_precision_loss)]
        return u64::from_str_radix(hex, 16)
            .ok()
            .map(|v| v.cast_signed() as f64);
    }
    text.parse::<f64>().ok()
}

/// Cuts towards zero; null when it doesn't fit.
#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
pub(crate) fn real_to_long(value: f64) -> Option<i64> {
    (value.is_finite() && value >= i64::MIN as f64 && value < i64::MAX as f64)
        .then_some(value.trunc() as i64)
}

/// `tobool(string)`.
pub(crate) fn parse_bool(text: &str) -> Option<bool> {
    let text = text.trim();
    if text.eq_ignore_ascii_case("true") {
        return Some(true);
    }
    if text.eq_ignore_ascii_case("false") {
        return Some(false);
    }
    text.parse::<i64>().ok().map(|v| v != 0)
}

/// `toguid(string)`: 32 hex digits with or without dashes and braces, to lower case with dashes.
pub(crate) fn parse_guid(text: &str) -> Option<String> {
    let text = text.trim();
    let text = text
        .strip_prefix('{')
        .and_then(|t| t.strip_suffix('}'))
        .unwrap_or(text);
    let dashed = text.len() == 36
        && text
            .char_indices()
            .all(|(i, c)| (c == '-') == matches!(i, 8 | 13 | 18 | 23));
    if !dashed && text.len() != 32 {
        return None;
    }
    let hex: String = text
        .chars()
        .filter(|c| *c != '-')
        .collect::<String>()
        .to_ascii_lowercase();
    if hex.len() != 32 || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    Some(format!(
        "{}-{}-{}-{}-{}",
        hex.get(..8)?,
        hex.get(8..12)?,
        hex.get(12..16)?,
        hex.get(16..20)?,
        hex.get(20..)?
    ))
}
