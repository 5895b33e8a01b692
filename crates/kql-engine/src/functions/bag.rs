//! Functions over property bags.

use serde_json::{Map, Value};

use super::array::{items, json};
use super::regex_fn::text;
use super::{Call, Kernel, lenient, strict};
use crate::values::{Datum, dynamic};

pub(super) const KERNELS: &[Kernel] = &[
    lenient(&["bag_pack", "pack", "pack_dictionary"], pack),
    lenient(&["pack_all"], pack_filled),
    strict(&["bag_keys"], |_, args| {
        bag(args, 0).map_or(Datum::Null, |b| {
            json(b.keys().cloned().map(Value::from).collect())
        })
    }),
    strict(&["bag_values"], |_, args| {
        bag(args, 0).map_or(Datum::Null, |b| json(b.values().cloned().collect()))
    }),
    strict(&["bag_has_key"], |_, args| {
        match args.first().map_or(Value::Null, dynamic::to_json) {
            Value::Object(map) => Datum::Bool(follow(&map, text(args, 1)).is_some()),
            _ => Datum::Null,
        }
    }),
    lenient(&["bag_merge"], merge),
    strict(&["bag_remove_keys"], remove_keys),
    strict(&["bag_set_key"], set_key),
    strict(&["bag_zip"], zip),
    strict(&["treepath"], treepath),
];

fn bag(args: &[Datum<'_>], idx: usize) -> Option<Map<String, Value>> {
    match dynamic::to_json(args.get(idx)?) {
        Value::Object(map) => Some(map),
        _ => None,
    }
}

fn pack<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let pairs = args.chunks_exact(2).filter_map(|pair| match pair {
        [key, value] => Some((
            crate::values::convert::to_text(key).into_owned(),
            dynamic::to_json(value),
        )),
        _ => None,
    });
    Datum::json(&Value::Object(pairs.collect()))
}

/// `pack_all(true)`: pairs without the ones whose value is null or empty.
fn pack_filled<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let pairs = args.chunks_exact(2).filter_map(|pair| match pair {
        [_, Datum::Null] => None,
        [_, Datum::Str(text)] if text.is_empty() => None,
        [key, value] => Some((key.text().to_owned(), dynamic::to_json(value))),
        _ => None,
    });
    Datum::json(&Value::Object(pairs.collect()))
}

/// The names of `$.a['b c']`, or the whole text as one name.
fn names(path: &str) -> Vec<String> {
    match path.strip_prefix("$.").or_else(|| path.strip_prefix('$')) {
        Some(rest) => rest
            .split(['.', '[', ']'])
            .filter(|s| !s.is_empty())
            .map(|s| s.trim_matches(['\'', '"']).to_owned())
            .collect(),
        None => vec![path.to_owned()],
    }
}

fn follow<'v>(map: &'v Map<String, Value>, path: &str) -> Option<&'v Value> {
    let names = names(path);
    let mut names = names.iter();
    let mut current = map.get(names.next()?)?;
    for name in names {
        current = current.as_object()?.get(name)?;
    }
    Some(current)
}

/// The leftmost value of a key wins; what isn't a bag is skipped.
fn merge<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let mut out = Map::new();
    let mut any = false;
    for idx in 0..args.len() {
        for (key, value) in bag(args, idx).inspect(|_| any = true).unwrap_or_default() {
            out.entry(key).or_insert(value);
        }
    }
    if any {
        Datum::json(&Value::Object(out))
    } else {
        Datum::Null
    }
}

fn remove_keys<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let (Some(mut map), Some(keys)) = (bag(args, 0), items(args, 1)) else {
        return Datum::Null;
    };
    for key in keys.iter().filter_map(Value::as_str) {
        remove(&mut map, &names(key));
    }
    Datum::json(&Value::Object(map))
}

fn remove(map: &mut Map<String, Value>, path: &[String]) {
    match path {
        [] => {}
        [last] => {
            map.shift_remove(last);
        }
        [first, rest @ ..] => {
            if let Some(Value::Object(inner)) = map.get_mut(first) {
                remove(inner, rest);
            }
        }
    }
}

fn set_key<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let (Some(mut map), Some(value)) = (bag(args, 0), args.get(2)) else {
        return Datum::Null;
    };
    set(&mut map, &names(text(args, 1)), dynamic::to_json(value));
    Datum::json(&Value::Object(map))
}

fn set(map: &mut Map<String, Value>, path: &[String], value: Value) {
    match path {
        [] => {}
        [last] => {
            map.insert(last.clone(), value);
        }
        [first, rest @ ..] => {
            let inner = map
                .entry(first.clone())
                .or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(inner) = inner {
                set(inner, rest, value);
            }
        }
    }
}

/// Keys and values side by side; missing values are null, superfluous ones are left out.
fn zip<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let Some(keys) = items(args, 0) else {
        return Datum::Null;
    };
    let values = items(args, 1).unwrap_or_default();
    let mut out = Map::new();
    for (at, key) in keys.iter().enumerate() {
        if let Value::String(key) = key {
            out.entry(key.clone())
                .or_insert_with(|| values.get(at).cloned().unwrap_or(Value::Null));
        }
    }
    Datum::json(&Value::Object(out))
}

fn treepath<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    fn walk(value: &Value, path: &str, out: &mut Vec<Value>) {
        let mut visit = |path: String, inner: &Value| {
            if !out.iter().any(|seen| seen.as_str() == Some(&path)) {
                out.push(Value::from(path.clone()));
            }
            walk(inner, &path, out);
        };
        match value {
            Value::Object(map) => map
                .iter()
                .for_each(|(key, inner)| visit(format!("{path}['{key}']"), inner)),
            Value::Array(items) => items
                .iter()
                .for_each(|inner| visit(format!("{path}[0]"), inner)),
            _ => {}
        }
    }
    let mut out = Vec::new();
    walk(
        &args.first().map_or(Value::Null, dynamic::to_json),
        "",
        &mut out,
    );
    json(out)
}
