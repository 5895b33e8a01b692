//! `parse`: a pattern of literals and columns as one regular expression, and the function that applies it.

use kql::plan::{ParseMode, ParsePiece};
use kql::types::Type;
use serde_json::Value;

use crate::functions::compile_regex;
use crate::values::{Datum, convert};

/// The pattern as the text of a regular expression with one group per column, and the columns' types.
pub(crate) fn pattern(pieces: &[ParsePiece], mode: ParseMode, flags: &str) -> (String, Vec<Type>) {
    let inline: String = flags.chars().filter(|c| "imsU".contains(*c)).collect();
    let mut regex = match (mode, inline.is_empty()) {
        (ParseMode::Regex, false) => format!("(?{inline})^"),
        (ParseMode::Regex, true) => "(?s)^".to_owned(),
        _ => "(?s)^".to_owned(),
    };
    let mut types = Vec::new();
    for (idx, piece) in pieces.iter().enumerate() {
        let last = idx + 1 == pieces.len();
        match piece {
            ParsePiece::Star if last => regex.push_str(".*"),
            ParsePiece::Star => regex.push_str(".*?"),
            ParsePiece::Literal(text) if mode == ParseMode::Regex => {
                regex.push_str(&format!("(?:{text})"))
            }
            ParsePiece::Literal(text) => regex.push_str(&regex::escape(text)),
            ParsePiece::Column { ty, .. } => {
                types.push(*ty);
                // Nothing after the column: it takes the rest. Numbers directly before another column or a
                // star take what is a number.
                let delimited = matches!(pieces.get(idx + 1), Some(ParsePiece::Literal(_)));
                regex.push_str(match ty {
                    Type::Long | Type::Int if !delimited && mode != ParseMode::Relaxed => {
                        r"\s*([+-]?\d+)"
                    }
                    Type::Real if !delimited && mode != ParseMode::Relaxed => {
                        r"\s*([+-]?\d+(?:\.\d+)?)"
                    }
                    _ if last => "(.*)",
                    _ => "(.*?)",
                });
            }
        }
    }
    // The pattern covers the text to its end, except that a trailing literal in regex mode may be followed by more.
    if mode != ParseMode::Regex {
        regex.push('$');
    }
    (regex, types)
}

/// `op:parse(text, pattern, types, strict)`: a JSON array of the captured texts, or null.
pub(crate) fn captures<'a>(args: &[Datum<'a>]) -> Datum<'a> {
    let [text, pattern, types, strict] = args else {
        return Datum::Null;
    };
    let Some(found) = compile_regex(pattern.text()).and_then(|r| {
        r.captures(text.text()).map(|c| {
            c.iter()
                .skip(1)
                .map(|m| m.map_or(String::new(), |m| m.as_str().to_owned()))
                .collect::<Vec<_>>()
        })
    }) else {
        return Datum::Null;
    };
    if matches!(strict, Datum::Bool(true)) {
        let types = types.text().split(',').filter_map(Type::parse);
        let fits = |(text, ty): (&String, Type)| {
            ty == Type::String
                || ty.is_dynamic()
                || !convert::to_type(&Datum::string(text.trim()), ty).is_null()
        };
        if !found.iter().zip(types).all(fits) {
            return Datum::Null;
        }
    }
    Datum::json(&Value::Array(found.into_iter().map(Value::from).collect()))
}
