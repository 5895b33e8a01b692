//! Why a rule matches an event, or doesn't: a plain evaluation of the rule's syntax tree.
//!
//! Written apart from the compiled matcher and as simply as it can be, so that it also serves as
//! the reference that the matcher is tested against.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::detection::{Item, ItemValue, Term, Test};
use crate::field;
use crate::leaf;
use crate::pattern::{Part, Pattern, fold};
use crate::routing::{FieldMap, Product, Routing};
use crate::rule::Rule;

/// Which parts of a rule hold for an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The event is one the rule's log source asks for. If not, the rest is hypothetical.
    pub routed: bool,
    /// The rule matches: it is routed and its condition holds.
    pub matched: bool,
    /// The condition as written.
    pub condition: String,
    /// In the order of the rule.
    pub selections: Vec<SelectionExplanation>,
}

/// Whether a selection holds, and its items.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SelectionExplanation {
    /// Its name.
    pub name: String,
    /// Whether it holds.
    pub held: bool,
    /// All items in it, in the order of the rule.
    pub items: Vec<ItemExplanation>,
}

/// Whether an item holds, and what it was compared with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ItemExplanation {
    /// The key as written; empty for keywords.
    pub key: String,
    /// The event's name for the field, when it has the field.
    pub field: Option<String>,
    /// Whether the item holds.
    pub held: bool,
    /// The event's values, as text. For keywords only those that match.
    pub event_values: Vec<String>,
    /// The rule's values that match, as written.
    pub matched_values: Vec<String>,
}

pub(crate) fn explain(
    rule: &Rule,
    routed: bool,
    routing: &Routing,
    native: &Map<String, Value>,
) -> Explanation {
    let view = EventView {
        native,
        product: routing.product(&rule.logsource.product),
        map: field_map(rule, routing, native),
    };
    let mut selections = Vec::with_capacity(rule.detection.selections.len());
    for selection in &rule.detection.selections {
        let mut items = Vec::new();
        let held = view.term(&selection.term, &mut items);
        selections.push(SelectionExplanation {
            name: selection.name.clone(),
            held,
            items,
        });
    }
    let held: Vec<bool> = selections.iter().map(|selection| selection.held).collect();
    Explanation {
        routed,
        matched: routed && rule.detection.condition.holds(&held),
        condition: rule.detection.condition_text.clone(),
        selections,
    }
}

/// The field map of the gate through which the event comes.
fn field_map<'r>(
    rule: &Rule,
    routing: &'r Routing,
    native: &Map<String, Value>,
) -> Option<&'r FieldMap> {
    let channel = fold(field::get(native, "Channel")?.as_str()?);
    let event_id = leaf::number(field::get(native, "EventID")?)?;
    let destination = routing.destination(&rule.logsource).ok()?;
    let gate = destination.gates.iter().find(|gate| {
        gate.channel == channel && gate.event_ids.iter().any(|id| f64::from(*id) == event_id)
    })?;
    routing.field_map(gate.field_map.as_deref()?)
}

struct EventView<'e> {
    native: &'e Map<String, Value>,
    product: Option<&'e Product>,
    map: Option<&'e FieldMap>,
}

/// A field of the event: its name there, whether it is there, its values.
struct Found<'e> {
    name: Option<String>,
    values: Vec<&'e Value>,
}

impl<'e> EventView<'e> {
    fn term(&self, term: &Term, items: &mut Vec<ItemExplanation>) -> bool {
        match term {
            // Every part is looked at, decided or not: the reader wants to see them all.
            Term::All(terms) => self.count(terms, items) == terms.len(),
            Term::Any(terms) => self.count(terms, items) > 0,
            Term::Item(item) => {
                let explained = self.item(item);
                let held = explained.held;
                items.push(explained);
                held
            }
        }
    }

    fn count(&self, terms: &[Term], items: &mut Vec<ItemExplanation>) -> usize {
        terms.iter().filter(|term| self.term(term, items)).count()
    }

    fn item(&self, item: &Item) -> ItemExplanation {
        let found = match &item.field {
            Some(name) => self.find(name),
            None => {
                let mut values = Vec::new();
                self.native
                    .values()
                    .for_each(|value| field::push_all(value, 0, &mut values));
                Found { name: None, values }
            }
        };
        let matches =
            |value: &&ItemValue| value.tests.iter().any(|test| self.test(item, test, &found));
        let matched: Vec<&ItemValue> = item.values.iter().filter(matches).collect();
        let all = matched.len() == item.values.len();
        let held = (if item.all { all } else { !matched.is_empty() }) != item.negated;
        let shown = found.values.iter().filter(|value| {
            let one = Found {
                name: None,
                values: vec![**value],
            };
            let tests = item.values.iter().flat_map(|value| &value.tests);
            item.field.is_some() || tests.into_iter().any(|test| self.test(item, test, &one))
        });
        ItemExplanation {
            key: item.key.clone(),
            held,
            event_values: shown.map(|value| text(value)).collect(),
            matched_values: matched.iter().map(|value| value.text.clone()).collect(),
            field: found.name,
        }
    }

    fn find(&self, name: &str) -> Found<'e> {
        let name = self
            .map
            .and_then(|map| map.fields.get(name))
            .map_or(name, String::as_str);
        let aliases = self.product.and_then(|product| product.aliases.get(name));
        let names =
            || std::iter::once(name).chain(aliases.into_iter().flatten().map(String::as_str));
        let roots = self
            .product
            .map(|product| product.roots.as_slice())
            .unwrap_or_default();
        let inner = roots
            .iter()
            .filter_map(|root| field::get(self.native, root)?.as_object());
        let objects: Vec<_> = std::iter::once(self.native).chain(inner).collect();
        for name in names() {
            // What stands in a root says more than the envelope around it.
            for object in objects[1..].iter().chain(&objects[..1]) {
                if let Some((key, value)) = flat(object, name) {
                    let mut values = Vec::new();
                    flatten(value, &mut values);
                    return Found {
                        name: Some(key.clone()),
                        values,
                    };
                }
            }
        }
        for name in names().filter(|name| name.contains('.')) {
            for object in &objects {
                let path: Vec<&str> = name.split('.').collect();
                let mut values = Vec::new();
                if follow(&Value::Null, Some(object), &path, &mut values) {
                    return Found {
                        name: Some(name.to_owned()),
                        values,
                    };
                }
            }
        }
        Found {
            name: None,
            values: Vec::new(),
        }
    }

    fn test(&self, item: &Item, test: &Test, found: &Found<'_>) -> bool {
        let mut values = found.values.iter();
        match test {
            Test::Null => found.values.is_empty(),
            Test::Exists(wanted) => found.name.is_some() == *wanted,
            Test::Text { pattern, cased } => {
                let pattern = self.mapped(item, pattern);
                values.any(|value| text_matches(&pattern, &text(value), *cased))
            }
            Test::Regex(regex) => values.any(|value| regex.is_match(&text(value))),
            Test::Cidr(network) => {
                values.any(|value| leaf::address(value).is_some_and(|a| network.contains(&a)))
            }
            Test::Compare(comparison, number) => values
                .any(|value| leaf::number(value).is_some_and(|v| comparison.holds(v, *number))),
            Test::Time(part, comparison, number) => values.any(|value| {
                leaf::time_part(value, *part).is_some_and(|v| comparison.holds(v, *number))
            }),
            Test::FieldRef {
                field,
                relation,
                cased,
            } => {
                let others = self.find(field).values;
                let side = |value: &Value| {
                    if *cased {
                        text(value)
                    } else {
                        fold(&text(value))
                    }
                };
                values.any(|value| {
                    others
                        .iter()
                        .any(|other| relation.holds(&side(value), &side(other)))
                })
            }
        }
    }

    /// The pattern with the rule's value replaced by what this log writes instead.
    fn mapped(&self, item: &Item, pattern: &Pattern) -> Pattern {
        let values = item
            .field
            .as_ref()
            .and_then(|field| self.map?.values.get(field));
        match values
            .zip(pattern.as_literal())
            .and_then(|(values, text)| values.get(&fold(text)))
        {
            Some(value) => Pattern::literal(value),
            None => pattern.clone(),
        }
    }
}

fn flat<'e>(object: &'e Map<String, Value>, name: &str) -> Option<(&'e String, &'e Value)> {
    let exact = object.iter().find(|(key, _)| *key == name);
    exact.or_else(|| object.iter().find(|(key, _)| field::same_name(key, name)))
}

fn flatten<'e>(value: &'e Value, values: &mut Vec<&'e Value>) {
    match value {
        Value::Null => {}
        Value::Array(items) => items.iter().for_each(|item| flatten(item, values)),
        _ => values.push(value),
    }
}

/// Follows a path from `value`, or from `object` when given.
fn follow<'e>(
    value: &'e Value,
    object: Option<&'e Map<String, Value>>,
    path: &[&str],
    values: &mut Vec<&'e Value>,
) -> bool {
    let Some((key, rest)) = path.split_first() else {
        flatten(value, values);
        return true;
    };
    if let (None, Value::Array(items)) = (object, value) {
        let found = items.iter().filter(|item| follow(item, None, path, values));
        return found.count() > 0;
    }
    match object
        .or_else(|| value.as_object())
        .and_then(|object| field::get(object, key))
    {
        Some(next) => follow(next, None, rest, values),
        None => false,
    }
}

fn text(value: &Value) -> String {
    let mut out = String::new();
    leaf::render(value, &mut out);
    out
}

fn text_matches(pattern: &Pattern, value: &str, cased: bool) -> bool {
    let fold = |text: &str| if cased { text.to_owned() } else { fold(text) };
    let value = fold(value);
    match pattern.parts() {
        [] => value.is_empty(),
        [Part::Text(text)] => value == fold(text),
        [Part::Any, Part::Text(text)] => value.ends_with(&fold(text)),
        [Part::Text(text), Part::Any] => value.starts_with(&fold(text)),
        [Part::Any, Part::Text(text), Part::Any] => value.contains(&fold(text)),
        _ if cased => pattern.matches(&value),
        _ => pattern.folded().matches(&value),
    }
}
