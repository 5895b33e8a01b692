//! String functions. Positions count characters (code points), as Kusto's do.

use std::borrow::Cow;

use serde_json::Value;

use super::regex_fn::{compile, long, stretch, text};
use super::{Call, Kernel, lenient, strict};
use crate::values::datum::slice;
use crate::values::{Datum, convert, dynamic};

pub(super) const KERNELS: &[Kernel] = &[
    lenient(&["strcat"], strcat),
    lenient(&["strcat_delim"], strcat_delim),
    lenient(&["strlen"], |_, args| count(shown(args, 0).chars().count())),
    lenient(&["string_size"], |_, args| count(shown(args, 0).len())),
    lenient(&["strrep"], strrep),
    lenient(&["strcmp"], |_, args| {
        Datum::Long(shown(args, 0).cmp(&shown(args, 1)) as i64)
    }),
    lenient(&["substring"], substring),
    lenient(&["split"], split),
    lenient(&["indexof"], index_of),
    lenient(&["tolower"], |_, args| {
        Datum::string(shown(args, 0).to_lowercase())
    }),
    lenient(&["toupper"], |_, args| {
        Datum::string(shown(args, 0).to_uppercase())
    }),
    lenient(&["reverse"], |_, args| {
        let source = args.first().map_or(Cow::Borrowed(""), convert::to_text);
        Datum::string(source.chars().rev().collect::<String>())
    }),
    lenient(&["trim"], |_, args| trim(args, true, true)),
    lenient(&["trim_start"], |_, args| trim(args, true, false)),
    lenient(&["trim_end"], |_, args| trim(args, false, true)),
    lenient(&["replace_string"], |_, args| {
        let (source, from) = (text(args, 0), text(args, 1));
        if from.is_empty() {
            Datum::string(source)
        } else {
            Datum::string(source.replace(from, text(args, 2)))
        }
    }),
    lenient(&["replace_strings"], replace_strings),
    lenient(&["translate"], translate),
    lenient(&["format_bytes"], format_bytes),
    lenient(&["isascii"], |_, args| {
        Datum::Bool(shown(args, 0).is_ascii())
    }),
    lenient(&["isutf8"], |_, _| Datum::Bool(true)),
    lenient(&["unicode_codepoints_from_string", "to_utf8"], |_, args| {
        Datum::json(&Value::Array(
            shown(args, 0)
                .chars()
                .map(|c| Value::from(u32::from(c)))
                .collect(),
        ))
    }),
    lenient(
        &["unicode_codepoints_to_string", "make_string"],
        make_string,
    ),
    strict(&["has_any_index"], has_any_index),
];

/// An argument as text: that of a dynamic string has no quotes.
pub(super) fn shown<'a>(args: &[Datum<'a>], idx: usize) -> Cow<'a, str> {
    args.get(idx).map_or(Cow::Borrowed(""), convert::to_text)
}

fn count(n: usize) -> Datum<'static> {
    Datum::Long(i64::try_from(n).unwrap_or(i64::MAX))
}

fn strcat<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    Datum::string(
        args.iter()
            .map(|arg| convert::to_text(arg))
            .collect::<String>(),
    )
}

fn strcat_delim<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let parts: Vec<_> = args
        .iter()
        .skip(1)
        .map(|arg| convert::to_text(arg))
        .collect();
    Datum::string(parts.join(text(args, 0)))
}

/// How often a text is repeated at most; a greater number counts as this one.
const REPEATS_MAX: usize = 1_024;

fn strrep<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let unit = args.first().map_or(Cow::Borrowed(""), convert::to_text);
    let times = usize::try_from(long(args, 1).unwrap_or(0)).unwrap_or(0);
    let delimiter = args.get(2).map_or(Cow::Borrowed(""), convert::to_text);
    Datum::string(vec![unit.as_ref(); times.min(REPEATS_MAX)].join(&delimiter))
}

fn substring<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let source = shown(args, 0);
    let n_chars = i64::try_from(source.chars().count()).unwrap_or(i64::MAX);
    let start = long(args, 1).unwrap_or(0);
    // A negative start counts from the end.
    let start = if start < 0 {
        (n_chars + start).max(0)
    } else {
        start
    };
    let length = if args.len() > 2 {
        long(args, 2).unwrap_or(0).max(0)
    } else {
        i64::MAX
    };
    let at = |n: i64| {
        let n = usize::try_from(n).unwrap_or(usize::MAX);
        source
            .char_indices()
            .nth(n)
            .map_or(source.len(), |(at, _)| at)
    };
    let (from, to) = (at(start), at(start.saturating_add(length)));
    Datum::Str(slice(&source, from, to))
}

fn split<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let (source, delimiter) = (shown(args, 0), text(args, 1));
    let parts: Vec<Value> = if delimiter.is_empty() {
        vec![Value::from(source.as_ref())]
    } else {
        source.split(delimiter).map(Value::from).collect()
    };
    let parts = match long(args, 2) {
        Some(idx) => usize::try_from(idx)
            .ok()
            .and_then(|idx| parts.get(idx).cloned())
            .into_iter()
            .collect(),
        None => parts,
    };
    Datum::json(&Value::Array(parts))
}

fn index_of<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let source = args.first().map_or(Cow::Borrowed(""), convert::to_text);
    let lookup = args.get(1).map_or(Cow::Borrowed(""), convert::to_text);
    let n_chars = source.chars().count();
    let start = long(args, 2).unwrap_or(0);
    let start = if start < 0 {
        n_chars.saturating_sub(usize::try_from(start.unsigned_abs()).unwrap_or(usize::MAX))
    } else {
        usize::try_from(start).unwrap_or(0)
    };
    let Some((length, occurrence)) = stretch(args) else {
        return Datum::Null;
    };
    if start > n_chars {
        return Datum::Long(-1);
    }
    let part: String = source.chars().skip(start).take(length).collect();
    let found = part.match_indices(lookup.as_ref()).nth(occurrence - 1);
    match found.and_then(|(at, _)| part.get(..at)) {
        Some(head) => count(head.chars().count() + start),
        None => Datum::Long(-1),
    }
}

/// `trim(regex, text)` and its one-sided forms.
fn trim<'a>(args: &[Datum<'a>], start: bool, end: bool) -> Datum<'a> {
    let source = args.get(1).map_or(Cow::Borrowed(""), Datum::cow);
    let pattern = text(args, 0);
    let (mut from, mut to) = (0, source.len());
    if start
        && let Some(found) =
            compile(&format!("^(?:{pattern})")).and_then(|r| r.find(&source).map(|m| m.end()))
    {
        from = found;
    }
    if end
        && let Some(found) = compile(&format!("(?:{pattern})$"))
            .and_then(|r| r.find_at(&source, from).map(|m| m.start()))
    {
        to = found;
    }
    Datum::Str(slice(&source, from, to.max(from)))
}

fn items(args: &[Datum<'_>], idx: usize) -> Vec<Value> {
    match args.get(idx).map(dynamic::to_json) {
        Some(Value::Array(items)) => items,
        Some(Value::Null) | None => Vec::new(),
        Some(other) => vec![other],
    }
}

fn replace_strings<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let mut out = text(args, 0).to_owned();
    let to = items(args, 2);
    for (idx, from) in items(args, 1).iter().enumerate() {
        let from = dynamic::to_plain_text(from);
        if !from.is_empty() {
            out = out.replace(
                &from,
                &to.get(idx).map(dynamic::to_plain_text).unwrap_or_default(),
            );
        }
    }
    Datum::string(out)
}

fn translate<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let search: Vec<char> = text(args, 0).chars().collect();
    let replace: Vec<char> = text(args, 1).chars().collect();
    let mapped = text(args, 2)
        .chars()
        .filter_map(|c| match search.iter().position(|s| *s == c) {
            None => Some(c),
            Some(idx) => replace.get(idx).or(replace.last()).copied(),
        });
    Datum::string(mapped.collect::<String>())
}

/// Units of `format_bytes()`, each 1024 of the one before.
const BYTE_UNITS: [&str; 7] = ["Bytes", "KB", "MB", "GB", "TB", "PB", "EB"];

/// A number of bytes in the given unit, or in the greatest that leaves something before the point. "" for null
/// and for an unknown unit.
fn format_bytes<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let Some(size) = args
        .first()
        .and_then(Datum::as_f64)
        .filter(|s| s.is_finite())
    else {
        return Datum::string("");
    };
    let digits = i32::try_from(long(args, 1).unwrap_or(0).clamp(0, 15)).unwrap_or(0);
    let wanted = text(args, 2);
    let exponent = if wanted.is_empty() {
        let larger = |n: &i32| size.abs() >= 1024f64.powi(*n);
        Some((1..7).take_while(larger).last().unwrap_or(0))
    } else {
        BYTE_UNITS
            .iter()
            .position(|unit| unit.eq_ignore_ascii_case(wanted))
            .and_then(|n| i32::try_from(n).ok())
    };
    let unit = exponent.and_then(|n| BYTE_UNITS.get(usize::try_from(n).ok()?));
    let (Some(exponent), Some(unit)) = (exponent, unit) else {
        return Datum::string("");
    };
    let scale = 10f64.powi(digits);
    let rounded = (size / 1024f64.powi(exponent) * scale).round() / scale;
    Datum::string(format!("{rounded} {unit}"))
}

fn make_string<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let mut out = String::new();
    let mut push = |code: Option<i64>| {
        if let Some(c) = code
            .and_then(|c| u32::try_from(c).ok())
            .and_then(char::from_u32)
        {
            out.push(c);
        }
    };
    for arg in args {
        match arg {
            Datum::Dynamic(_) => match dynamic::to_json(arg) {
                Value::Array(codes) => codes.iter().for_each(|code| push(code.as_i64())),
                other => push(other.as_i64()),
            },
            other => push(other.as_i64()),
        }
    }
    Datum::string(out)
}

fn has_any_index<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let source = shown(args, 0);
    let found = items(args, 1).iter().position(|item| {
        super::term::TextTest::new(super::term::Place::Has, &dynamic::to_plain_text(item), true)
            .test(&source)
    });
    found.map_or(Datum::Long(-1), count)
}
