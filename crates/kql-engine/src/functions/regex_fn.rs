//! Regular expressions: `extract`, `extract_all`, `replace_regex`, `countof`, `indexof_regex`, and the
//! cache of compiled patterns. Kusto's syntax is RE2's, which the `regex` crate shares.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use kql::types::Type;
use regex::{CaptureLocations, Regex, RegexBuilder};
use serde_json::Value;

use super::columns::{TextFunction, over_texts};
use super::{Call, Kernel, batch, lenient, strict};
use crate::values::{Datum, convert, dynamic};

pub(super) const KERNELS: &[Kernel] = &[
    batch(&["extract"], |call, args, n| {
        over_texts((call, args, n), 2, extract, Extract::new)
    }),
    batch(&["extract_all", "extractall"], |call, args, n| {
        let last = args.len().saturating_sub(1);
        over_texts((call, args, n), last, extract_all, |_, args| {
            ExtractAll::new(args)
        })
    }),
    batch(&["replace_regex"], |call, args, n| {
        over_texts((call, args, n), 0, replace_regex, |_, args| {
            Replace::new(text(args, 1), text(args, 2))
        })
    }),
    // The older form has the pattern first and the source last.
    batch(&["replace"], |call, args, n| {
        over_texts((call, args, n), 2, replace, |_, args| {
            Replace::new(text(args, 0), text(args, 1))
        })
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

/// `extract()` with its pattern, group and type.
struct Extract {
    /// The pattern, where it is a good one and has the group.
    regex: Option<Arc<Regex>>,
    group: usize,
    locations: Option<CaptureLocations>,
    ret: Type,
}

impl Extract {
    fn new(call: &Call<'_>, args: &[Datum<'_>]) -> Self {
        let group = long(args, 1).and_then(|group| usize::try_from(group).ok());
        let regex = group
            .and_then(|group| compile(text(args, 0)).filter(|regex| group < regex.captures_len()));
        Self {
            // The whole match is found without the groups.
            locations: regex
                .as_ref()
                .filter(|_| group != Some(0))
                .map(|regex| regex.capture_locations()),
            regex,
            group: group.unwrap_or_default(),
            ret: call.ret,
        }
    }

    fn find<'s>(&mut self, source: &'s str) -> Option<&'s str> {
        let regex = self.regex.as_ref()?;
        let Some(locations) = &mut self.locations else {
            return Some(regex.find(source)?.as_str());
        };
        regex.captures_read(locations, source)?;
        let (start, end) = locations.get(self.group)?;
        source.get(start..end)
    }
}

impl TextFunction for Extract {
    fn of<'s>(&mut self, source: &'s str) -> Datum<'s> {
        let found = self.find(source);
        let found = found.map_or(Datum::Null, |found| Datum::Str(Cow::Borrowed(found)));
        convert::to_type(&found, self.ret)
    }
}

fn extract<'a>(call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    Extract::new(call, args).of(text(args, 2)).into_static()
}

/// `extract_all()` with its pattern and groups.
struct ExtractAll {
    regex: Option<Arc<Regex>>,
    /// Numbers and names.
    groups: Vec<Value>,
}

impl ExtractAll {
    fn new(args: &[Datum<'_>]) -> Self {
        let regex = compile(text(args, 0));
        let groups = match args.get(1) {
            Some(groups @ Datum::Dynamic(_)) if args.len() == 3 => dynamic::to_json(groups)
                .as_array()
                .cloned()
                .unwrap_or_default(),
            _ => {
                let all = regex.as_ref().map_or(1, |regex| regex.captures_len());
                (1..all).map(Value::from).collect()
            }
        };
        Self { regex, groups }
    }
}

impl TextFunction for ExtractAll {
    fn of<'s>(&mut self, source: &'s str) -> Datum<'s> {
        let Some(regex) = &self.regex else {
            return Datum::Null;
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
            .map(|captures| match self.groups.as_slice() {
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
}

fn extract_all<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let source = text(args, args.len().saturating_sub(1));
    ExtractAll::new(args).of(source).into_static()
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

/// `replace_regex()` with its pattern and what stands in for a match.
struct Replace {
    regex: Option<Arc<Regex>>,
    by: String,
}

impl Replace {
    fn new(pattern: &str, by: &str) -> Self {
        Self {
            regex: compile(pattern),
            by: rewrite(by),
        }
    }
}

impl TextFunction for Replace {
    fn of<'s>(&mut self, source: &'s str) -> Datum<'s> {
        Datum::Str(match &self.regex {
            Some(regex) => regex.replace_all(source, self.by.as_str()),
            None => Cow::Borrowed(source),
        })
    }
}

fn replace_regex<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let mut function = Replace::new(text(args, 1), text(args, 2));
    function.of(text(args, 0)).into_static()
}

fn replace<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let mut function = Replace::new(text(args, 0), text(args, 1));
    function.of(text(args, 2)).into_static()
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
