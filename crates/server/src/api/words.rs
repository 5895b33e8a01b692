//! Fields that hold one of a few words, as named schemas. Each list is made of the domain's own
//! type, so that the document names exactly the words that answers can have.

use utoipa::openapi::schema::SchemaType;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

fn one_of(description: &str, words: Vec<serde_json::Value>) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(description))
        .enum_values(Some(words))
        .into()
}

/// Schemas of the words that a type's variants are written as. A variant that is not listed does
/// not compile.
macro_rules! words {
    ($($(#[doc = $doc:literal])+ $name:ident of $domain:ty { $($variant:ident),+ })+) => {$(
        $(#[doc = $doc])+
        pub(crate) enum $name {}

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                type Domain = $domain;
                let word = |value: Domain| match value {
                    $(Domain::$variant => serde_json::to_value(value).unwrap_or_default()),+
                };
                one_of(concat!($($doc),+).trim(), vec![$(word(Domain::$variant)),+])
            }
        }

        impl ToSchema for $name {}
    )+};
}

words! {
    /// State of an incident, in the order of its life.
    IncidentStatus of soc::Status { New, Active, Contained, Remediated, Recovering, Recovered, Closed }
    /// What a closed incident turned out to be.
    Classification of soc::Classification { TruePositive, BenignPositive, FalsePositive, Undetermined }
    /// Severity, most first.
    Severity of schema::Severity { High, Medium, Low, Informational }
    /// Where a figure of the clock stands.
    MetricState of soc::MetricState { Done, Running, NotApplicable, Missing }
    /// What raised an alert.
    AlertOrigin of schema::AlertOrigin { Sigma, Scheduled, Nrt, Native }
    /// What an actor is.
    ActorKind of soc::ActorKind { Person, Rule, System, Playbook }
    /// What a user may do.
    Role of soc::Role { Reader, Analyst, Admin }
    /// Whether a rule can run.
    RuleState of detect::RuleState { Ready, NoData, Broken, Unroutable }
}

/// Schemas of words that no type of the domain lists.
macro_rules! listed {
    ($($(#[doc = $doc:literal])+ $name:ident { $($word:literal),+ })+) => {$(
        $(#[doc = $doc])+
        pub(crate) enum $name {}

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                one_of(concat!($($doc),+).trim(), vec![$($word.into()),+])
            }
        }

        impl ToSchema for $name {}
    )+};
}

listed! {
    /// How a rule runs: on the stream, on its schedule, or every minute.
    RuleKind { "sigma", "scheduled", "nrt" }
    /// Which incidents to list.
    QueueScope { "open", "closed", "all" }
    /// What figures are grouped by. A shift is a third of the UTC day: the one in which the incident
    /// was first acknowledged, or created as long as it is not.
    FiguresBy { "severity", "tier", "source", "rule", "owner", "shift" }
    /// What people do to an incident.
    ActionName {
        "acknowledge", "assign", "status", "comment", "contain", "remediate", "recover", "close",
        "reopen", "merge", "split", "labels", "title"
    }
    /// How far recovery got.
    RecoveryState { "Recovering", "Recovered" }
    /// How bad a finding is; only an error keeps a query from running.
    DiagnosticSeverity { "error", "warning" }
    /// What an item of completion is.
    CompletionKind {
        "operator", "keyword", "column", "table", "function", "aggregate", "plugin", "variable",
        "option", "type", "value"
    }
}

/// A cell: text, a number, a truth value or null. `dynamic` is JSON text; times and spans are text.
pub(crate) enum Cell {}

impl PartialSchema for Cell {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(SchemaType::Array(vec![
                Type::String,
                Type::Number,
                Type::Boolean,
                Type::Null,
            ]))
            .description(Some(
                "A cell as the Azure Monitor Logs API writes it: `dynamic` is JSON text, times and spans are text.",
            ))
            .into()
    }
}

impl ToSchema for Cell {}
