//! What the grammar offers: operators, words, options with their values, types, plugins.

use super::CompletionKind as Kind;
use super::collect::{Collector, Texts, Tier};
use super::show;
use super::site::Site;
use crate::functions::{self, FunctionKind};
use crate::operators::{Place, TABULAR, TabularOperator};
use crate::scalar_operators::{Fits, SCALAR};
use crate::syntax::expected::Want;
use crate::syntax::{Choice, HINTS, OPERATORS};
use crate::types::Type;

/// The scalar types, the common ones first.
pub(crate) const TYPES: &[(Type, &str)] = &[
    (Type::String, "Text, never null."),
    (Type::Long, "A whole number of 64 bits."),
    (Type::DateTime, "An instant in UTC, to 100 nanoseconds."),
    (
        Type::Dynamic,
        "Any JSON value: an array, a property bag or a simple value.",
    ),
    (Type::Int, "A whole number of 32 bits."),
    (Type::Real, "A floating point number of 64 bits."),
    (Type::Bool, "`true` or `false`."),
    (Type::TimeSpan, "A duration, to 100 nanoseconds."),
    (Type::Decimal, "A decimal number of 128 bits."),
    (Type::Guid, "A globally unique identifier."),
];

const STATEMENTS: &[(&str, &str)] = &[
    ("let", "Gives a name to a value, a table or a function."),
    ("set", "Sets an option of the query."),
    ("declare", "Declares parameters of the query, or a pattern."),
    ("alias", "Gives a name to a database."),
    ("restrict", "Limits what the rest of the query may read."),
];

/// Operators most queries use, in the order they are offered before a letter is typed.
const COMMON: &[&str] = &[
    "where",
    "summarize",
    "project",
    "extend",
    "join",
    "sort",
    "take",
    "top",
    "count",
    "distinct",
    "mv-expand",
    "parse",
    "union",
    "render",
];

/// Offers all of it.
pub(super) fn fill(site: &Site<'_>, found: &mut Collector<'_>) {
    let expected = &site.expected;
    options(site, found);
    if expected.wants(Want::Type) {
        for (ty, doc) in TYPES {
            found.add(ty.name(), Kind::Type, 0, || text("type", doc));
        }
    }
    if expected.wants(Want::Operator) {
        piped(found);
    }
    if expected.wants(Want::Plugin) {
        plugins(site, found);
    }
    if expected.wants(Want::Infix) {
        infix(site, found);
    }
    for word in &expected.words {
        let tier = if expected.wants(Want::Operand) { 6 } else { 1 };
        // A part of `matches regex`, and what is offered as a function.
        if !matches!(*word, "matches" | "materialize") {
            let insert = if *word == "typeof" { "typeof(" } else { "" };
            let texts = Texts {
                insert: insert.to_owned(),
                ..text("keyword", "")
            };
            found.add(word, Kind::Keyword, tier, || texts);
        }
    }
    if expected.wants(Want::Statement) {
        for (word, doc) in STATEMENTS {
            found.add(word, Kind::Keyword, 4, || text("statement", doc));
        }
    }
    if expected.wants(Want::Source) {
        let tier = if expected.wants(Want::Statement) {
            5
        } else {
            20
        };
        let sources = TABULAR.iter();
        for operator in sources.filter(|o| matches!(o.place, Place::Start | Place::Both)) {
            found.add(operator.name, Kind::Operator, tier, || tabular(operator));
        }
    }
}

fn text(detail: &str, doc: &str) -> Texts {
    Texts {
        insert: String::new(),
        detail: detail.to_owned(),
        doc: doc.to_owned(),
    }
}

fn tabular(operator: &TabularOperator) -> Texts {
    text(operator.syntax, operator.doc)
}

/// Operators behind a pipe. Old spellings come last.
fn piped(found: &mut Collector<'_>) {
    for name in COMMON {
        if let Some(operator) = crate::operators::tabular(name) {
            found.add(name, Kind::Operator, 0, || tabular(operator));
        }
    }
    let others = TABULAR.iter();
    for operator in others.filter(|o| matches!(o.place, Place::Pipe | Place::Both)) {
        found.add(operator.name, Kind::Operator, 2, || tabular(operator));
        for alias in operator
            .aliases
            .iter()
            .filter(|alias| OPERATORS.contains(alias))
        {
            found.add(alias, Kind::Operator, 3, || tabular(operator));
        }
    }
}

fn plugins(site: &Site<'_>, found: &mut Collector<'_>) {
    let all = functions::all().into_iter();
    for known in all.filter(|known| known.kind == FunctionKind::Plugin) {
        found.add(known.function.name, Kind::Plugin, 0, || Texts {
            insert: opened(known.function.name, site.called),
            detail: show::signature(known),
            doc: known.function.doc.to_owned(),
        });
    }
}

/// The name with its opening bracket, unless that stands there already.
pub(super) fn opened(name: &str, called: bool) -> String {
    let open = if called { "" } else { "(" };
    format!("{name}{open}")
}

/// Operators between scalars, those that suit the left operand first.
fn infix(site: &Site<'_>, found: &mut Collector<'_>) {
    let operand = site.observer.operand;
    for operator in SCALAR {
        let tier = suitable(operator.fits, operand);
        found.add(operator.name, Kind::Operator, tier, || {
            text("operator", operator.doc)
        });
    }
}

fn suitable(fits: Fits, operand: Option<Type>) -> Tier {
    match (fits, operand) {
        (Fits::Logic, Some(Type::Bool)) => 2,
        (Fits::Logic, _) => 7,
        (Fits::Equality, _) => 3,
        (Fits::Text, Some(Type::String | Type::Dynamic | Type::Unknown)) => 4,
        (Fits::Text, _) => 9,
        (Fits::Order | Fits::Arithmetic, Some(ty)) => match ty {
            Type::Int | Type::Long | Type::Real | Type::Decimal => 4,
            Type::DateTime | Type::TimeSpan => 4,
            _ => 8,
        },
        (Fits::Order | Fits::Arithmetic, None) => 8,
    }
}

/// Options, properties, and the values of the one whose `=` stands before.
fn options(site: &Site<'_>, found: &mut Collector<'_>) {
    let expected = &site.expected;
    let value = |word: &str| text(word, "");
    match expected.value {
        Some(Choice::Words(words)) => {
            for word in words {
                found.add(word, Kind::Value, 0, || value("value"));
            }
        }
        Some(Choice::Switch) => {
            for word in ["true", "false"] {
                found.add(word, Kind::Value, 0, || value("bool"));
            }
        }
        Some(Choice::Any) | None => {}
    }
    for (name, choice) in &expected.options {
        let hint = HINTS.iter().any(|(hint, _)| hint == name);
        // Hints fit everywhere and are wanted seldom.
        if hint && !found.typed("h") {
            continue;
        }
        found.add(name, Kind::Option, if hint { 12 } else { 2 }, || Texts {
            insert: format!("{name}="),
            ..text(&values(*choice), "")
        });
    }
    for name in &expected.properties {
        found.add(name, Kind::Option, 0, || Texts {
            insert: format!("{name}="),
            ..text("property", "")
        });
    }
}

/// What may stand behind an option's `=`.
pub(crate) fn values(choice: Choice) -> String {
    match choice {
        Choice::Any => "option".to_owned(),
        Choice::Switch => "true|false".to_owned(),
        Choice::Words(words) => words.join("|"),
    }
}
