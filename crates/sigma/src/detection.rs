//! The detection part of a rule: selections, their items and values, as a syntax tree.
//!
//! Reading applies all modifiers, so what comes out says what to test, not how it was written;
//! the writing is kept beside it for explanations.

use std::sync::Arc;

use ipnet::IpNet;

use crate::chain::Chain;
use crate::condition::{self, Condition};
use crate::diagnostic::{Code, Sink};
use crate::modifier::{Comparison, TextStep, TimePart};
use crate::pattern::Pattern;
use crate::yaml::{Data, Node, ScalarKind};

/// What a rule looks for.
#[derive(Debug, Clone)]
pub struct Detection {
    /// In the order of the file.
    pub selections: Vec<Selection>,
    /// Over the selections, by their index.
    pub condition: Condition,
    /// The condition as written; several are joined by ` or `.
    pub condition_text: String,
}

/// A named part of a detection.
#[derive(Debug, Clone)]
pub struct Selection {
    /// As the condition calls it.
    pub name: String,
    /// What must hold.
    pub term: Term,
    /// Line of its name in the file.
    pub line: u32,
}

/// A tree of items.
#[derive(Debug, Clone)]
pub enum Term {
    /// A map: everything in it must hold.
    All(Vec<Self>),
    /// A list: one of them must hold.
    Any(Vec<Self>),
    /// One field with its values, or keywords.
    Item(Item),
}

/// A field with its values.
#[derive(Debug, Clone)]
pub struct Item {
    /// The key as written, modifiers included; empty for bare keywords.
    pub key: String,
    /// The field; `None` looks through all fields of the event (keywords).
    pub field: Option<String>,
    /// Values, of which one must match (all of them with `all`).
    pub values: Vec<ItemValue>,
    /// Modifier `all`.
    pub all: bool,
    /// Modifier `neq`: the item holds when the values don't match.
    pub negated: bool,
    /// Line of the key in the file.
    pub line: u32,
}

/// A value as written and what it means.
#[derive(Debug, Clone)]
pub struct ItemValue {
    /// As written.
    pub text: String,
    /// Any of these will do (`base64offset` makes three of one).
    pub tests: Vec<Test>,
}

/// One test of one field.
#[derive(Debug, Clone)]
pub enum Test {
    /// The field's text matches the pattern.
    Text {
        /// With wildcards.
        pattern: Pattern,
        /// Upper and lower case differ.
        cased: bool,
    },
    /// The expression is found in the field's text.
    Regex(Arc<regex::Regex>),
    /// The field is an address in this range.
    Cidr(IpNet),
    /// The field is a number, and stands so to this one.
    Compare(Comparison, f64),
    /// A part of the field's time stands so to this number.
    Time(TimePart, Comparison, f64),
    /// The field's text compares with another field's.
    FieldRef {
        /// The other field.
        field: String,
        /// How.
        relation: Relation,
        /// Upper and lower case differ.
        cased: bool,
    },
    /// The field is there (or not), whatever its value.
    Exists(bool),
    /// The field isn't there, or null.
    Null,
}

/// How two fields compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Relation {
    Equals,
    Contains,
    StartsWith,
    EndsWith,
}

impl Relation {
    /// Whether `left` stands so to `right`.
    pub fn holds(self, left: &str, right: &str) -> bool {
        match self {
            Self::Equals => left == right,
            Self::Contains => left.contains(right),
            Self::StartsWith => left.starts_with(right),
            Self::EndsWith => left.ends_with(right),
        }
    }
}

impl Term {
    /// Calls `visit` with each item.
    pub fn items<'t>(&'t self, visit: &mut impl FnMut(&'t Item)) {
        match self {
            Self::All(terms) | Self::Any(terms) => {
                terms.iter().for_each(|term| term.items(visit));
            }
            Self::Item(item) => visit(item),
        }
    }
}

impl Detection {
    /// Calls `visit` with each item of each selection.
    pub fn items<'t>(&'t self, mut visit: impl FnMut(&'t Item)) {
        for selection in &self.selections {
            selection.term.items(&mut visit);
        }
    }
}

/// Reads the `detection` map of a rule. `None` when there was an error.
pub(crate) fn read(node: &Node, sink: &mut Sink) -> Option<Detection> {
    let Some(entries) = node.entries() else {
        let message = format!("`detection` must be a map, not a {}", node.type_name());
        sink.error(Code::WrongType, node.at(), message);
        return None;
    };
    let mark = sink.mark();
    let mut selections: Vec<Selection> = Vec::new();
    let mut condition_node = None;
    for (key, value) in entries {
        match key.text() {
            None => sink.error(Code::WrongType, key.at(), "a selection's name must be text"),
            Some("condition") => condition_node = Some(value),
            Some("timeframe") => sink.warn_with_hint(
                Code::LegacyAggregation,
                key.at(),
                "`timeframe` belonged to the old aggregation and has no effect",
                "write a correlation rule",
            ),
            Some(name) if selections.iter().any(|selection| selection.name == name) => {
                let message = format!("selection `{name}` stands twice");
                sink.error(Code::DuplicateKey, key.at(), message);
            }
            Some(name) => {
                if let Some(term) = read_term(value, sink) {
                    let (name, line) = (name.to_owned(), key.line);
                    selections.push(Selection { name, term, line });
                }
            }
        }
    }
    let Some(condition_node) = condition_node else {
        sink.error(
            Code::MissingKey,
            node.at(),
            "`detection` has no `condition`",
        );
        return None;
    };
    if sink.errors_since(mark) {
        return None;
    }
    let (condition, condition_text) = read_condition(condition_node, &selections, sink)?;
    warn_unused(&condition, &selections, sink);
    Some(Detection {
        selections,
        condition,
        condition_text,
    })
}

fn read_condition(
    node: &Node,
    selections: &[Selection],
    sink: &mut Sink,
) -> Option<(Condition, String)> {
    let names: Vec<String> = selections
        .iter()
        .map(|selection| selection.name.clone())
        .collect();
    let written: Vec<&Node> = match node.items() {
        Some(items) => items.iter().collect(),
        None => vec![node],
    };
    let mut conditions = Vec::with_capacity(written.len());
    let mut texts = Vec::with_capacity(written.len());
    for node in written {
        let Some(text) = node.text() else {
            let message = format!("`condition` must be text, not a {}", node.type_name());
            sink.error(Code::WrongType, node.at(), message);
            return None;
        };
        match condition::parse(text, &names) {
            Ok(condition) => conditions.push(condition),
            Err(error) => {
                let column = condition_column(node, text, error.offset_chars);
                let at = (node.line, column);
                match error.hint {
                    Some(hint) => sink.error_with_hint(error.code, at, error.message, hint),
                    None => sink.error(error.code, at, error.message),
                }
                return None;
            }
        }
        texts.push(text.trim().to_owned());
    }
    match conditions.len() {
        0 => {
            sink.error(Code::EmptyList, node.at(), "`condition` is an empty list");
            None
        }
        1 => Some((conditions.pop()?, texts.pop()?)),
        _ => Some((Condition::Or(conditions), texts.join(" or "))),
    }
}

/// Column of a character of the condition, as well as one line can tell it.
fn condition_column(node: &Node, text: &str, offset_chars: usize) -> u32 {
    let quoted = matches!(
        node.data,
        Data::Scalar {
            kind: ScalarKind::Quoted,
            ..
        }
    );
    if text.contains('\n') {
        return node.column;
    }
    node.column + u32::try_from(offset_chars).unwrap_or(0) + u32::from(quoted)
}

fn warn_unused(condition: &Condition, selections: &[Selection], sink: &mut Sink) {
    let mut used = vec![false; selections.len()];
    condition.selections(&mut |index| {
        if let Some(used) = used.get_mut(index) {
            *used = true;
        }
    });
    for (selection, _) in selections.iter().zip(used).filter(|(_, used)| !used) {
        let message = format!("no condition uses selection `{}`", selection.name);
        sink.warn(Code::UnusedSelection, (selection.line, 1), message);
    }
}

fn read_term(node: &Node, sink: &mut Sink) -> Option<Term> {
    match &node.data {
        Data::Map(entries) if entries.is_empty() => {
            sink.error(Code::EmptyList, node.at(), "a selection without items");
            None
        }
        Data::Map(entries) => read_map(entries, sink),
        Data::Seq(items) if items.is_empty() => {
            sink.error(Code::EmptyList, node.at(), "a selection without items");
            None
        }
        Data::Seq(items) => read_list(node, items, sink),
        Data::Scalar {
            kind: ScalarKind::Null,
            ..
        } => {
            sink.error(Code::EmptyList, node.at(), "a selection without items");
            None
        }
        Data::Scalar { .. } => read_item("", node.line, node, sink).map(Term::Item),
    }
}

fn read_map(entries: &[(Node, Node)], sink: &mut Sink) -> Option<Term> {
    let mut terms = Vec::with_capacity(entries.len());
    let mut complete = true;
    for (index, (key, value)) in entries.iter().enumerate() {
        let Some(name) = key_text(key) else {
            sink.error(Code::WrongType, key.at(), "a field name must be text");
            complete = false;
            continue;
        };
        if entries[..index]
            .iter()
            .any(|(other, _)| key_text(other) == Some(name))
        {
            let message = format!("`{name}` stands twice in one map");
            sink.error_with_hint(
                Code::DuplicateKey,
                key.at(),
                message,
                "use a list of values",
            );
            complete = false;
        }
        match read_item(name, key.line, value, sink) {
            Some(item) => terms.push(Term::Item(item)),
            None => complete = false,
        }
    }
    complete.then(|| one_or(terms, Term::All))
}

/// A key as text; YAML's bare `null` and `~` are field names like any other.
fn key_text(key: &Node) -> Option<&str> {
    match &key.data {
        Data::Scalar { text, .. } => Some(text),
        _ => None,
    }
}

/// A list: maps are alternatives, and so are bare values, which are keywords.
fn read_list(node: &Node, items: &[Node], sink: &mut Sink) -> Option<Term> {
    let mut terms = Vec::new();
    let mut keywords = Vec::new();
    let mut complete = true;
    for item in items {
        if matches!(item.data, Data::Scalar { .. }) {
            keywords.push(item.clone());
            continue;
        }
        match read_term(item, sink) {
            Some(term) => terms.push(term),
            None => complete = false,
        }
    }
    if !keywords.is_empty() {
        let values = Node {
            data: Data::Seq(keywords),
            line: node.line,
            column: node.column,
        };
        match read_item("", node.line, &values, sink) {
            Some(item) => terms.push(Term::Item(item)),
            None => complete = false,
        }
    }
    complete.then(|| one_or(terms, Term::Any))
}

fn one_or(mut terms: Vec<Term>, many: fn(Vec<Term>) -> Term) -> Term {
    match terms.pop() {
        Some(only) if terms.is_empty() => only,
        last => {
            terms.extend(last);
            many(terms)
        }
    }
}

fn read_item(key: &str, line: u32, value: &Node, sink: &mut Sink) -> Option<Item> {
    let mut parts = key.split('|');
    let field = parts.next().filter(|name| !name.is_empty());
    let mut chain = Chain::default();
    let mut complete = true;
    for name in parts {
        complete &= chain.add(name, (line, value.column), sink);
    }
    let at = (line, value.column);
    if !complete || !chain.check(field, at, sink) {
        return None;
    }
    // Keywords are found anywhere in a field.
    let keyword =
        field.is_none() && chain.takes_text() && !chain.steps.contains(&TextStep::Contains);
    if keyword {
        chain.steps.push(TextStep::Contains);
    }
    let nodes: Vec<&Node> = match value.items() {
        Some([]) => {
            sink.error(
                Code::EmptyList,
                value.at(),
                format!("`{key}` has an empty list"),
            );
            return None;
        }
        Some(items) => items.iter().collect(),
        None => vec![value],
    };
    let mut values = Vec::with_capacity(nodes.len());
    for node in nodes {
        match chain.tests(node) {
            Ok(tests) => {
                let text = node.text().unwrap_or("null").to_owned();
                values.push(ItemValue { text, tests });
            }
            Err((code, message)) => {
                sink.error(code, node.at(), message);
                complete = false;
            }
        }
    }
    complete.then(|| Item {
        key: key.to_owned(),
        field: field.map(str::to_owned),
        values,
        all: chain.all,
        negated: chain.negated,
        line,
    })
}
