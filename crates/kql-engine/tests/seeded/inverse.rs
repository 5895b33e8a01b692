//! From what a condition says of a function's value to what it says of the arguments. Only as good as it has to be: the
//! values it leads to are tried, and most of a rule's conditions are comparisons with constants.

use kql::plan::{ColumnId, Expr, ExprKind, Literal, Operator, ParsePiece};
use kql::types::Type;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use serde_json::Value;

use super::wishes::Wish;

const TICKS_PER_MINUTE: i64 = 600_000_000;

/// A literal's value; instants and timespans as ticks.
pub(crate) fn literal(literal: &Literal) -> Option<Value> {
    Some(match literal {
        Literal::Null => return None,
        Literal::Bool(v) => Value::from(*v),
        Literal::Int(v) => Value::from(*v),
        Literal::Long(v) | Literal::DateTime(v) | Literal::TimeSpan(v) => Value::from(*v),
        Literal::Real(v) => Value::from(*v),
        Literal::Decimal(text) | Literal::String(text) | Literal::Guid(text) => {
            Value::from(text.as_str())
        }
        Literal::Dynamic(text) => serde_json::from_str(text).ok()?,
    })
}

pub(crate) fn number(literal: &Literal) -> Option<f64> {
    match literal {
        Literal::Int(v) => Some(f64::from(*v)),
        Literal::Long(v) => Some(*v as f64),
        Literal::Real(v) => Some(*v),
        _ => None,
    }
}

/// The value of an operator over constants.
pub(crate) fn arithmetic(op: Operator, left: &Value, right: &Value) -> Option<Value> {
    let of = |whole: fn(i64, i64) -> Option<i64>, real: fn(f64, f64) -> f64| match (
        left.as_i64(),
        right.as_i64(),
    ) {
        (Some(l), Some(r)) => whole(l, r).map(Value::from),
        _ => Some(Value::from(real(left.as_f64()?, right.as_f64()?))),
    };
    match op {
        Operator::Add => of(i64::checked_add, |l, r| l + r),
        Operator::Subtract => of(i64::checked_sub, |l, r| l - r),
        Operator::Multiply => of(i64::checked_mul, |l, r| l * r),
        Operator::Divide => of(i64::checked_div, |l, r| l / r),
        _ => None,
    }
}

/// The value of a function of constants, for the few that rules use so.
pub(crate) fn constant_call(function: &str, args: &[Value]) -> Option<Value> {
    let text = |idx: usize| args.get(idx).and_then(Value::as_str);
    match function {
        "tolower" => Some(text(0)?.to_lowercase().into()),
        "toupper" => Some(text(0)?.to_uppercase().into()),
        "strcat" => {
            let parts: Option<Vec<&str>> = args.iter().map(Value::as_str).collect();
            Some(parts?.concat().into())
        }
        "parse_json" => match args.first()? {
            Value::String(text) => serde_json::from_str(text).ok(),
            other => Some(other.clone()),
        },
        "pack_array" => Some(Value::Array(args.to_vec())),
        "tostring" | "toint" | "tolong" | "todouble" | "toreal" | "todatetime" | "totimespan" => {
            args.first().cloned()
        }
        "split" => {
            let parts = text(0)?.split(text(1).filter(|d| !d.is_empty())?);
            Some(parts.map(Value::from).collect())
        }
        _ => None,
    }
}

/// The operator with its sides exchanged.
pub(crate) fn mirrored(op: Operator) -> Operator {
    match op {
        Operator::Less => Operator::Greater,
        Operator::LessOrEqual => Operator::GreaterOrEqual,
        Operator::Greater => Operator::Less,
        Operator::GreaterOrEqual => Operator::LessOrEqual,
        other => other,
    }
}

/// Values for which `value op constant` holds, or (false) does not.
pub(crate) fn comparison(op: Operator, ty: Type, constant: Value) -> Vec<(Wish, bool)> {
    use Operator::{
        Contains, ContainsCs, EndsWith, EndsWithCs, Equal, EqualIgnoreCase, Greater,
        GreaterOrEqual, Has, HasCs, HasPrefix, HasPrefixCs, HasSuffix, HasSuffixCs, Less,
        LessOrEqual, MatchesRegex, StartsWith, StartsWithCs,
    };
    let words = match &constant {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match op {
        Equal | EqualIgnoreCase => vec![(Wish::Is(constant), true)],
        Less | LessOrEqual | Greater | GreaterOrEqual => {
            let up = matches!(op, Greater | GreaterOrEqual);
            let steps = match ty {
                Type::DateTime => [TICKS_PER_MINUTE, 90 * TICKS_PER_MINUTE],
                Type::TimeSpan => [TICKS_PER_MINUTE, TICKS_PER_MINUTE / 60],
                _ => [1, 25],
            };
            let moved = |step: i64| {
                let step = if up { step } else { -step };
                arithmetic(Operator::Add, &constant, &step.into())
            };
            let wishes = steps.into_iter().filter_map(moved);
            wishes.map(|value| (Wish::Is(value), true)).collect()
        }
        Has | HasCs | Contains | ContainsCs => vec![(Wish::Has(words), true)],
        HasPrefix | HasPrefixCs => vec![(Wish::Has(format!("{words}x")), true)],
        HasSuffix | HasSuffixCs => vec![(Wish::Has(format!("x{words}")), true)],
        StartsWith | StartsWithCs => vec![(Wish::Starts(words), true)],
        EndsWith | EndsWithCs => vec![(Wish::Ends(words), true)],
        MatchesRegex => matching(&words)
            .into_iter()
            .map(|t| (Wish::Is(t.into()), true))
            .collect(),
        // The negations.
        _ => vec![(Wish::Is(constant), false)],
    }
}

/// A value between two bounds.
pub(crate) fn middle(ty: Type, low: Option<&Value>, high: Option<&Value>) -> Option<Wish> {
    let middle = match (low, high) {
        (Some(low), Some(high)) => match (low.as_i64(), high.as_i64()) {
            (Some(low), Some(high)) => Value::from(low / 2 + high / 2),
            _ => Value::from(low.as_f64()? / 2.0 + high.as_f64()? / 2.0),
        },
        (Some(bound), None) | (None, Some(bound)) => bound.clone(),
        (None, None) => return None,
    };
    Some(match ty {
        Type::String => Wish::Any,
        _ => Wish::Is(middle),
    })
}

/// Wishes of a function that is a condition itself.
pub(crate) fn tests<'q>(
    function: &str,
    args: &'q [Expr],
    constant: impl Fn(&Expr) -> Option<Value>,
) -> Vec<(&'q Expr, Wish)> {
    let Some(first) = args.first() else {
        return Vec::new();
    };
    let texts = args.iter().skip(1).filter_map(constant);
    let texts = texts.flat_map(|value| match value {
        Value::Array(all) => all,
        one => vec![one],
    });
    let texts: Vec<String> = texts
        .filter_map(|v| v.as_str().map(ToOwned::to_owned))
        .collect();
    let address = |text: &String| text.split('/').next().unwrap_or_default().to_owned();
    let wishes: Vec<Wish> = match function {
        "isempty" | "isnull" => vec![Wish::Is(Value::from(""))],
        "isnotempty" | "isnotnull" => vec![Wish::Any],
        "ipv4_is_private" => vec![Wish::Is(Value::from("10.1.2.3"))],
        "has_any_index"
        | "has_ipv4"
        | "has_any_ipv4"
        | "has_ipv4_prefix"
        | "has_any_ipv4_prefix" => texts.into_iter().map(Wish::Has).collect(),
        "ipv4_is_match"
        | "ipv4_is_in_range"
        | "ipv4_is_in_any_range"
        | "ipv6_is_match"
        | "ipv6_is_in_range"
        | "ipv6_is_in_any_range" => texts
            .iter()
            .map(|text| Wish::Is(address(text).into()))
            .collect(),
        "set_has_element" => {
            let is = |text: String| Wish::Element(Box::new(Wish::Is(text.into())));
            texts.into_iter().map(is).collect()
        }
        _ => vec![Wish::Any],
    };
    wishes.into_iter().map(|wish| (first, wish)).collect()
}

/// What the arguments should be for the value to be as wished.
pub(crate) fn call<'q>(function: &str, args: &'q [Expr], wish: &Wish) -> Vec<(&'q Expr, Wish)> {
    let all = |wish: &Wish| args.iter().map(|arg| (arg, wish.clone())).collect();
    let Some(first) = args.first() else {
        return Vec::new();
    };
    match function {
        "coalesce" | "iff" | "iif" | "case" | "array_concat" | "bag_merge" | "set_union"
        | "max_of" | "min_of" => all(wish),
        "tolower" | "toupper" | "tostring" | "toint" | "tolong" | "todouble" | "toreal"
        | "todecimal" | "todatetime" | "totimespan" | "toguid" | "tobool" | "parse_json"
        | "bin" | "bin_at" | "floor" | "substring" | "column_ifexists" | "startofday"
        | "startofhour" | "array_sort_asc" | "array_sort_desc" | "todynamic" | "round" => {
            vec![(first, wish.clone())]
        }
        "trim" | "trim_start" | "trim_end" => match args.get(1) {
            Some(subject) => vec![(subject, wish.clone())],
            None => Vec::new(),
        },
        "replace_string" | "replace_strings" | "replace_regex" | "url_decode" => {
            vec![(first, wish.clone())]
        }
        "base64_decode_tostring" => {
            use base64::Engine as _;
            let Some(text) = text(wish) else {
                return Vec::new();
            };
            let coded = base64::engine::general_purpose::STANDARD.encode(text);
            vec![(first, Wish::Is(coded.into()))]
        }
        "extract" => match (args.first().and_then(constant_text), args.get(2)) {
            (Some(regex), Some(subject)) => {
                let wished = text(wish);
                let regex = match wished {
                    Some(text) => with_group(&regex, &regex_syntax_escape(&text)),
                    None => regex,
                };
                let texts = matching(&regex).into_iter();
                texts.map(|t| (subject, Wish::Is(t.into()))).collect()
            }
            _ => Vec::new(),
        },
        "split" => match (args.get(1).and_then(constant_text), text(wish)) {
            (Some(by), Some(text)) => vec![(
                first,
                Wish::Is(format!("{text}{by}{text}{by}{text}{by}{text}").into()),
            )],
            _ => vec![(first, Wish::Any)],
        },
        "parse_url" => match text(wish) {
            Some(host) => vec![(first, Wish::Is(format!("https://{host}/{host}?a=1").into()))],
            None => Vec::new(),
        },
        _ => all(&Wish::Any),
    }
}

/// What a function's use alone says about its arguments' texts.
pub(crate) fn shapes<'q>(function: &str, args: &'q [Expr]) -> Vec<(&'q Expr, Wish)> {
    let is = |idx: usize, text: &str| match args.get(idx) {
        Some(arg) if arg.ty == Type::String || arg.ty.is_dynamic() => {
            vec![(arg, Wish::Is(text.into()))]
        }
        _ => Vec::new(),
    };
    match function {
        "toint" | "tolong" | "todouble" | "toreal" | "todecimal" => is(0, "7"),
        "todatetime" => is(0, "2026-01-02T01:00:00Z"),
        "parse_url" => is(0, "https://contoso.com/a/b.exe?x=1"),
        "parse_path" => is(0, "C:\\Windows\\System32\\a.exe"),
        "ipv4_is_private" | "parse_ipv4" | "ipv4_compare" | "geo_info_from_ip_address" => {
            is(0, "203.0.113.7")
        }
        "split" => match args.get(1).and_then(constant_text) {
            Some(by) => is(0, &format!("a{by}b.exe{by}7{by}d")),
            None => Vec::new(),
        },
        "extract" | "extract_all" => {
            let subject = if function == "extract" {
                args.get(2)
            } else {
                args.last()
            };
            match (args.first().and_then(constant_text), subject) {
                (Some(regex), Some(subject)) => {
                    let texts = matching(&regex).into_iter();
                    texts.map(|t| (subject, Wish::Is(t.into()))).collect()
                }
                _ => Vec::new(),
            }
        }
        _ => Vec::new(),
    }
}

/// The text of a wish for one.
pub(crate) fn text(wish: &Wish) -> Option<String> {
    match wish {
        Wish::Is(Value::String(text)) | Wish::Has(text) | Wish::Starts(text) | Wish::Ends(text) => {
            Some(text.clone())
        }
        Wish::Is(value) => Some(value.to_string()),
        Wish::Element(inner) | Wish::Property(_, inner) => text(inner),
        Wish::Any => None,
    }
}

/// A text that a `parse` pattern takes, one of its columns as wished.
pub(crate) fn parsed_text(pieces: &[ParsePiece], wished: Option<(ColumnId, &str)>) -> String {
    let mut out = String::new();
    for piece in pieces {
        match piece {
            ParsePiece::Star => out.push_str(" x "),
            ParsePiece::Literal(text) => out.push_str(text),
            ParsePiece::Column { id, ty } => out.push_str(match (wished, ty) {
                (Some((wanted, text)), _) if wanted == *id => text,
                (_, Type::String) => "alice",
                (_, Type::DateTime) => "2026-01-02T01:00:00Z",
                _ => "7",
            }),
        }
    }
    out
}

fn constant_text(expr: &Expr) -> Option<String> {
    match &expr.kind {
        ExprKind::Literal(Literal::String(text)) => Some(text.clone()),
        _ => None,
    }
}

fn regex_syntax_escape(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if c.is_ascii_punctuation() {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// The pattern with its first group replaced.
fn with_group(regex: &str, group: &str) -> String {
    let (mut depth, mut start) = (0usize, None);
    let bytes = regex.as_bytes();
    let mut idx = 0;
    while idx < bytes.len() {
        match bytes[idx] {
            b'\\' => idx += 1,
            b'(' => {
                if start.is_none() && bytes.get(idx + 1) != Some(&b'?') {
                    start = Some((idx, depth));
                }
                depth += 1;
            }
            b')' => {
                depth = depth.saturating_sub(1);
                if let Some((from, at)) = start
                    && at == depth
                {
                    return format!("{}{group}{}", &regex[..from], &regex[idx + 1..]);
                }
            }
            _ => {}
        }
        idx += 1;
    }
    regex.to_owned()
}

/// A few texts that match a regular expression, as far as one can be made up for it.
fn matching(regex: &str) -> Vec<String> {
    // What is made up starts and ends with the match: anchors hold by themselves.
    let plain = regex
        .trim_start_matches('^')
        .trim_end_matches('$')
        .replace("\\b", "")
        .replace(".*", "[a-z]{0,3}")
        .replace(".+", "[a-z]{1,3}");
    let Ok(texts) = proptest::string::string_regex(&plain) else {
        return Vec::new();
    };
    let mut runner = TestRunner::deterministic();
    (0..3)
        .filter_map(|_| texts.new_tree(&mut runner).ok())
        .map(|tree| tree.current())
        .filter(|text| text.len() < 2_000)
        .collect()
}
