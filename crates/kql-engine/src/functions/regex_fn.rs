//! Regular expressions: `extract`, `extract_all`, `replace_regex`, `countof`, `indexof_regex`, and the
//! cache of compiled patterns. Kusto's syntax is RE2's, which the `regex` crate shares.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use regex::{Regex, RegexBuilder};
use serde_json::Value;

use super::{Call, Kernel, lenient, strict};
use crate::values::{Datum, convert, dynamic};

pub(super) const KERNELS: &[Kernel] = &[
    lenient(&["extract"], extract),
    lenient(&["extract_all", "extractall"], extract_all),
    lenient(&["replace_regex"], |_, args| {
        replaced(text(args, 0), text(args, 1), text(args, 2))
    }),
    // The older form has the pattern first and the source last.
    lenient(&["replace"], |_, args| {
        replaced(text(args, 2), text(args, 0), text(args, 1))
    }),
    lenient(&["countof"], countof),
    lenient(&["indexof_regex"], indexof_regex),
    strict(&["regex_quote"], |_, args| {
        Datum::string(regex::escape(text(args, 0)))
    }),
];

/// Compiled size of one pattern and how many are kept per thread.
const SIZE_MAX: usize = 16 << 20;
const KEPT_MAX: usize = 256;

thread_local! {
    static COMPILED: RefCell<HashMap<String, Option<Arc<Regex>>>> = RefCell::new(HashMap::new());
}

/// The compiled pattern, or `None` when it isn't valid or too large. Kept per thread.
pub(crate) fn compile(pattern: &str) -> Option<Arc<Regex>> {
    COMPILED.with_borrow_mut(|kept| {
        if let Some(found) = kept.get(pattern) {
            return found.clone();
        }
        let compiled = RegexBuilder::new(pattern)
            .size_limit(SIZE_MAX)
            .build()
            .ok()
            .map(Arc::new);
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        kept.insert(pattern.to_owned(), compiled.clone());
        compiled
    })
}

pub(super) fn text<'d>(args: &'d [Datum<'_>], idx: usize) -> &'d str {
    args.get(idx).map_or("", Datum::text)
}

pub(super) fn long(args: &[Datum<'_>], idx: usize) -> Option<i64> {
    args.get(idx).and_then(Datum::as_i64)
}

/// How far a search goes (fourth argument, -1 for to the end) and which finding it wants (fifth, from 1). `None` for
/// other negative numbers.
pub(super) fn stretch(args: &[Datum<'_>]) -> Option<(usize, usize)> {
    let length = match long(args, 3).unwrap_or(-1) {
        -1 => usize::MAX,
        length => usize::try_from(length).ok()?,
    };
    let occurrence = usize::try_from(long(args, 4).unwrap_or(1)).ok()?;
    Some((length, occurrence.max(1)))
}

fn extract<'a>(call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let found = (|| {
        let group = usize::try_from(long(args, 1)?).ok()?;
        let regex = compile(text(args, 0))?;
        let captures = regex.captures(text(args, 2))?;
        Some(captures.get(group)?.as_str().to_owned())
    })();
    match found {
        Some(found) => convert::to_type(&Datum::string(found), call.ret),
        None => convert::to_type(&Datum::Null, call.ret),
    }
}

fn extract_all<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let source = text(args, args.len().saturating_sub(1));
    let Some(regex) = compile(text(args, 0)) else {
        return Datum::Null;
    };
    let groups: Vec<Value> = match args.get(1) {
        Some(groups @ Datum::Dynamic(_)) if args.len() == 3 => dynamic::to_json(groups)
            .as_array()
            .cloned()
            .unwrap_or_default(),
        _ => (1..regex.captures_len()).map(Value::from).collect(),
    };
    let capture = |captures: &regex::Captures<'_>, group: &Value| -> Value {
        let found = match group {
            Value::String(name) => captures.name(name),
            other => other
                .as_u64()
                .and_then(|n| captures.get(usize::try_from(n).ok()?)),
        };
        Value::from(found.map_or("", |m| m.as_str()))
    };
    let rows: Vec<Value> = regex
        .captures_iter(source)
        .map(|captures| match groups.as_slice() {
            [] => Value::from(captures.get(0).map_or("", |m| m.as_str())),
            [group] => capture(&captures, group),
            groups => Value::Array(groups.iter().map(|g| capture(&captures, g)).collect()),
        })
        .collect();
    if rows.is_empty() {
        Datum::Null
    } else {
        Datum::json(&Value::Array(rows))
    }
}

/// Kusto's `\1` as the regex crate's `${1}`; a literal dollar stays one.
fn rewrite(template: &str) -> String {
    let mut out = String::with_capacity(template.len());
    let mut chars = template.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('$', _) => out.push_str("$$"),
            ('\\', Some(digit)) if digit.is_ascii_digit() => {
                out.push_str("${");
                out.push(*digit);
                out.push('}');
                chars.next();
            }
            ('\\', Some('\\')) => {
                out.push('\\');
                chars.next();
            }
            _ => out.push(c),
        }
    }
    out
}

fn replaced<'a>(source: &str, pattern: &str, by: &str) -> Datum<'a> {
    let Some(regex) = compile(pattern) else {
        return Datum::string(source);
    };
    Datum::string(regex.replace_all(source, rewrite(by).as_str()).into_owned())
}

fn countof<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let (source, search) = (text(args, 0), text(args, 1));
    let kind = if args.len() > 2 {
        text(args, 2)
    } else {
        "normal"
    };
    let count = if kind == "regex" {
        compile(search).map_or(0, |regex| regex.find_iter(source).count())
    } else if search.is_empty() {
        0
    } else {
        // Overlapping plain matches count.
        source
            .char_indices()
            .filter(|(at, _)| source.get(*at..).is_some_and(|t| t.starts_with(search)))
            .count()
    };
    Datum::Long(i64::try_from(count).unwrap_or(i64::MAX))
}

fn indexof_regex<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let source = text(args, 0);
    let Some(regex) = compile(text(args, 1)) else {
        return Datum::Long(-1);
    };
    // A negative start is invalid.
    let Ok(start) = usize::try_from(long(args, 2).unwrap_or(0)) else {
        return Datum::Null;
    };
    let Some((length, occurrence)) = stretch(args) else {
        return Datum::Null;
    };
    let part: String = source.chars().skip(start).take(length).collect();
    let found = regex.find_iter(&part).nth(occurrence - 1);
    if let Some(head) = found.and_then(|found| part.get(..found.start())) {
        return Datum::Long(i64::try_from(head.chars().count() + start).unwrap_or(-1));
    }
    Datum::Long(-1)
}
