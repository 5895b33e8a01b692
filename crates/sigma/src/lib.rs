//! Sigma: the rules, what is wrong with them, and one matcher for all of them.
//!
//! [`parse_rules`] turns the text of a rule file into [`Rule`]s and [`Diagnostic`]s with lines and
//! columns; it reads no files itself. [`RuleSet::compile`] routes each rule by its log source and
//! compiles all of them into one structure; [`RuleSet::matches`] runs an event through it once,
//! whatever the number of rules; [`RuleSet::explain`] says which parts of a rule hold.
//!
//! The specification followed is Sigma 2.1. Where it leaves a choice:
//! - letter case doesn't count in values, in any alphabet, unless `cased` is given; regular
//!   expressions are as written;
//! - a field that is missing makes an item false, so `not` of it is true; `null` means missing or
//!   null; `exists` asks for the key alone; values are never trimmed;
//! - an array stands for each of its elements, an object for its JSON text;
//! - keywords are found anywhere in any value of the event, not in field names;
//! - numbers in rules are compared as written (`0x10` is the text `0x10`); `lt` and the like
//!   compare numbers;
//! - several conditions in a list are alternatives.
//!
//! Not run yet: correlation rules and filters are read (correlations also checked) and reported.
//!
//! Start reading at [`RuleSet`]; the compiled form is in `program`, its builder in `lower`.

mod chain;
mod condition;
mod correlation;
mod detection;
mod diagnostic;
mod explain;
mod field;
mod hashing;
mod leaf;
mod literal;
mod lower;
mod matcher;
mod modifier;
mod parse;
mod pattern;
mod placeholder;
mod program;
mod router;
mod routing;
mod rule;
mod ruleset;
pub mod yaml;

pub use condition::Condition;
pub use correlation::{Correlation, CorrelationKind};
pub use detection::{Detection, Item, ItemValue, Relation, Selection, Term, Test};
pub use diagnostic::{Code, Diagnostic, Severity};
pub use explain::{Explanation, ItemExplanation, SelectionExplanation};
pub use matcher::Scratch;
pub use modifier::{Comparison, Effect, MODIFIERS, Modifier, TextStep, TimePart};
pub use parse::{BrokenRule, FILE_BYTES_MAX, ParsedFile, parse_rules};
pub use pattern::{DASHES, Part, Pattern};
pub use routing::{Routing, RoutingError};
pub use rule::{Level, Rule, RuleLogSource, Status};
pub use ruleset::{Placeholders, RuleIdx, RuleReport, RuleSet, RuleSetStats, RuleState};
