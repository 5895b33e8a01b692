//! Finding the fields that rules name in an event, in one pass over the event's keys.
//!
//! A rule's spelling wins; otherwise letter case and blanks in names don't count (`Source Name` is
//! `SourceName`). A name with dots is a flat key or a path into nested objects. Arrays stand for
//! each of their elements.

use serde_json::{Map, Value};

use crate::hashing::FastMap;
use crate::routing::Product;

/// A field of a program; [`ANY`] is every field.
pub(crate) type FieldId = u32;

/// The field that stands for all values of the event (keywords).
pub(crate) const ANY: FieldId = 0;

/// Deepest nesting that is looked into; deeper values are left out.
const DEPTH_MAX: usize = 64;

/// What an event has for a field.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Slot {
    /// How well the name fits; 0 when the field isn't there.
    pub(crate) rank: u8,
    /// Its values among the leaves; none when it is null.
    pub(crate) first: u32,
    pub(crate) count: u32,
}

impl Slot {
    pub(crate) fn leaves(self) -> std::ops::Range<usize> {
        self.first as usize..(self.first + self.count) as usize
    }
}

/// The fields of a program and the names an event may have them under.
#[derive(Debug, Default)]
pub(crate) struct FieldTable {
    /// By the hash of the folded name.
    by_name: FastMap<u64, Vec<Name>>,
    count: u32,
    /// Fields that may be paths: their paths, best first.
    paths: Vec<(FieldId, Vec<Vec<String>>)>,
    roots: Vec<String>,
    uses_any: bool,
}

#[derive(Debug)]
struct Name {
    exact: Box<str>,
    field: FieldId,
    alias: bool,
}

impl FieldTable {
    pub(crate) fn new(product: Option<&Product>) -> Self {
        let roots = product
            .map(|product| product.roots.clone())
            .unwrap_or_default();
        Self {
            count: 1,
            roots,
            ..Self::default()
        }
    }

    /// Number of fields, [`ANY`] included.
    pub(crate) fn len(&self) -> usize {
        self.count as usize
    }

    pub(crate) fn use_any(&mut self) {
        self.uses_any = true;
    }

    /// Adds a field by its own name and the aliases of its product.
    pub(crate) fn add(&mut self, name: &str, aliases: &[String]) -> FieldId {
        let field = self.count;
        self.count += 1;
        let names = std::iter::once((name, false));
        let names = names.chain(aliases.iter().map(|alias| (alias.as_str(), true)));
        let mut paths = Vec::new();
        for (name, alias) in names {
            let exact = name.into();
            self.by_name.entry(name_hash(name)).or_default().push(Name {
                exact,
                field,
                alias,
            });
            if name.contains('.') {
                paths.push(name.split('.').map(str::to_owned).collect());
            }
        }
        if !paths.is_empty() {
            self.paths.push((field, paths));
        }
        field
    }

    /// Finds all fields. `slots` has one entry a field afterwards, `leaves` the values.
    pub(crate) fn resolve<'e>(
        &self,
        native: &'e Map<String, Value>,
        leaves: &mut Vec<&'e Value>,
        slots: &mut Vec<Slot>,
    ) {
        leaves.clear();
        slots.clear();
        slots.resize(self.len(), Slot::default());
        self.resolve_flat(native, 0, leaves, slots);
        for root in &self.roots {
            if let Some(Value::Object(inner)) = get(native, root) {
                self.resolve_flat(inner, 1, leaves, slots);
            }
        }
        for (field, paths) in &self.paths {
            if slots[*field as usize].rank == 0 {
                self.resolve_path(native, *field, paths, leaves, slots);
            }
        }
        if self.uses_any {
            let first = leaves.len();
            for value in native.values() {
                push_all(value, 0, leaves);
            }
            slots[ANY as usize] = Slot {
                rank: 1,
                ..span(first, leaves.len())
            };
        }
    }

    /// `level` is 0 for the event itself and 1 for a root object, whose fields win: the envelope's
    /// `category` says which log it is, the one in `properties` what happened.
    fn resolve_flat<'e>(
        &self,
        object: &'e Map<String, Value>,
        level: u8,
        leaves: &mut Vec<&'e Value>,
        slots: &mut [Slot],
    ) {
        for (key, value) in object {
            let Some(names) = self.by_name.get(&name_hash(key)) else {
                continue;
            };
            for name in names.iter().filter(|name| same_name(&name.exact, key)) {
                let exact = u8::from(*name.exact == **key);
                let rank = 1 + exact + 2 * level + 4 * u8::from(!name.alias);
                let slot = &mut slots[name.field as usize];
                if rank > slot.rank {
                    let first = leaves.len();
                    push_field(value, 0, leaves);
                    *slot = Slot {
                        rank,
                        ..span(first, leaves.len())
                    };
                }
            }
        }
    }

    fn resolve_path<'e>(
        &self,
        native: &'e Map<String, Value>,
        field: FieldId,
        paths: &[Vec<String>],
        leaves: &mut Vec<&'e Value>,
        slots: &mut [Slot],
    ) {
        let first = leaves.len();
        for path in paths {
            let roots = self
                .roots
                .iter()
                .filter_map(|root| get(native, root)?.as_object());
            for object in std::iter::once(native).chain(roots) {
                if walk(object, path, 0, leaves) {
                    slots[field as usize] = Slot {
                        rank: 1,
                        ..span(first, leaves.len())
                    };
                    return;
                }
            }
        }
    }
}

fn span(first: usize, end: usize) -> Slot {
    // Events are far smaller than 4 G values; a wrong cast could only hide values, never panic.
    let first_u32 = u32::try_from(first).unwrap_or(u32::MAX);
    let count = u32::try_from(end - first).unwrap_or(0);
    Slot {
        rank: 0,
        first: first_u32,
        count,
    }
}

/// A key as spelled, else one that differs only in letter case.
pub(crate) fn get<'e>(object: &'e Map<String, Value>, key: &str) -> Option<&'e Value> {
    object.get(key).or_else(|| {
        object
            .iter()
            .find(|(name, _)| same_name(key, name))
            .map(|(_, value)| value)
    })
}

/// Follows a path; through arrays it goes into every element. True when something was found.
fn walk<'e>(
    object: &'e Map<String, Value>,
    path: &[String],
    depth: usize,
    leaves: &mut Vec<&'e Value>,
) -> bool {
    let Some((key, rest)) = path.split_first() else {
        return false;
    };
    match get(object, key) {
        Some(value) if rest.is_empty() => {
            push_field(value, depth, leaves);
            true
        }
        Some(value) => walk_value(value, rest, depth + 1, leaves),
        None => false,
    }
}

fn walk_value<'e>(
    value: &'e Value,
    path: &[String],
    depth: usize,
    leaves: &mut Vec<&'e Value>,
) -> bool {
    match value {
        _ if depth > DEPTH_MAX => false,
        Value::Object(object) => walk(object, path, depth, leaves),
        Value::Array(items) => {
            let mut found = false;
            for item in items {
                found |= walk_value(item, path, depth + 1, leaves);
            }
            found
        }
        _ => false,
    }
}

/// The values of a field: elements of arrays one by one, objects whole, null not at all.
fn push_field<'e>(value: &'e Value, depth: usize, leaves: &mut Vec<&'e Value>) {
    match value {
        Value::Null => {}
        Value::Array(items) if depth < DEPTH_MAX => {
            items
                .iter()
                .for_each(|item| push_field(item, depth + 1, leaves));
        }
        _ => leaves.push(value),
    }
}

/// Every scalar below a value.
pub(crate) fn push_all<'e>(value: &'e Value, depth: usize, leaves: &mut Vec<&'e Value>) {
    match value {
        Value::Null => {}
        Value::Array(items) if depth < DEPTH_MAX => {
            items
                .iter()
                .for_each(|item| push_all(item, depth + 1, leaves));
        }
        Value::Object(object) if depth < DEPTH_MAX => {
            object
                .values()
                .for_each(|item| push_all(item, depth + 1, leaves));
        }
        _ => leaves.push(value),
    }
}

/// Names that differ only in ASCII letter case and blanks are one field.
pub(crate) fn same_name(a: &str, b: &str) -> bool {
    folded_bytes(a).eq(folded_bytes(b))
}

fn folded_bytes(name: &str) -> impl Iterator<Item = u8> + '_ {
    name.bytes()
        .filter(|byte| *byte != b' ')
        .map(|byte| byte.to_ascii_lowercase())
}

/// FNV-1a of the folded name.
fn name_hash(name: &str) -> u64 {
    folded_bytes(name).fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(name: &str, event: &Value) -> Vec<String> {
        let mut table = FieldTable::new(None);
        let field = table.add(name, &[]);
        let (mut leaves, mut slots) = (Vec::new(), Vec::new());
        table.resolve(event.as_object().unwrap(), &mut leaves, &mut slots);
        let slot = slots[field as usize];
        leaves[slot.leaves()]
            .iter()
            .map(|value| value.to_string())
            .collect()
    }

    #[test]
    fn the_exact_name_wins_over_another_spelling() {
        let event = json!({"image": 1, "Image": 2, "IMAGE": 3});
        assert_eq!(found("Image", &event), ["2"]);
        assert_eq!(found("ImAge", &event), ["1"]);
        assert_eq!(found("SourceName", &json!({"Source Name": "x"})), ["\"x\""]);
    }

    #[test]
    fn dots_are_names_or_paths_and_arrays_are_alternatives() {
        let event = json!({"a": {"b": [{"c": 1}, {"c": [2, null]}, 4]}, "x.y": 5});
        assert_eq!(found("a.b.c", &event), ["1", "2"]);
        assert_eq!(found("A.B.C", &event), ["1", "2"]);
        assert_eq!(found("x.y", &event), ["5"]);
        assert!(found("a.c", &event).is_empty());
    }
}
