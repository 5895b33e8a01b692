//! All rules that one kind of event has to pass, compiled into one structure.
//!
//! A predicate is one test of one field. Each distinct predicate exists once, whatever number of
//! rules use it. Literal ones (equality, contains, starts and ends with) are *indexed*: hash tables
//! and one Aho-Corasick automaton a field find all that hold in one pass over the field's value.
//! The others are *lazy*: tested when a rule asks, at most once an event, and behind a literal that
//! must be there (a guard) where one is known.
//!
//! A rule is only looked at when one of its triggers holds: a set of indexed predicates of which
//! the rule needs at least one. [`crate::matcher`] runs the program, [`crate::lower`] builds it.

use std::sync::Arc;

use aho_corasick::AhoCorasick;
use ipnet::IpNet;

use crate::detection::Relation;
use crate::field::{FieldId, FieldTable};
use crate::hashing::FastMap;
use crate::modifier::{Comparison, TimePart};
use crate::pattern::Pattern;
use crate::ruleset::RuleIdx;

/// Index of a predicate in its program.
pub(crate) type PredId = u32;
/// Index of an expression in its program.
pub(crate) type ExprId = u32;

/// The compiled rules of one kind of event.
#[derive(Debug, Default)]
pub(crate) struct Program {
    pub(crate) fields: FieldTable,
    pub(crate) rules: Vec<ProgramRule>,
    pub(crate) exprs: Vec<Expr>,
    pub(crate) preds: Vec<Pred>,
    pub(crate) indexes: Vec<FieldIndex>,
    /// For each predicate the rules (by index in `rules`) that it triggers.
    pub(crate) triggers: Vec<Box<[u32]>>,
    /// Rules without a trigger: looked at for every event.
    pub(crate) always: Vec<u32>,
}

#[derive(Debug)]
pub(crate) struct ProgramRule {
    pub(crate) rule: RuleIdx,
    pub(crate) expr: ExprId,
}

#[derive(Debug)]
pub(crate) enum Expr {
    Pred(PredId),
    Not(ExprId),
    And(Box<[ExprId]>),
    Or(Box<[ExprId]>),
    AtLeast(u32, Box<[ExprId]>),
}

#[derive(Debug)]
pub(crate) enum Pred {
    /// Its bit is set by the indexes when it holds.
    Indexed,
    Lazy(Lazy),
}

#[derive(Debug)]
pub(crate) struct Lazy {
    pub(crate) field: FieldId,
    /// One of these must hold, or the test cannot; empty when no such set is known.
    pub(crate) guards: Box<[PredId]>,
    pub(crate) test: LazyTest,
}

#[derive(Debug)]
pub(crate) enum LazyTest {
    /// The field has a value other than null.
    HasValue,
    /// The field is there, null or not.
    Exists,
    /// Over folded text.
    Glob(Pattern),
    /// Over the text as it stands.
    CasedGlob(Pattern),
    Regex(Arc<regex::Regex>),
    Cidr(IpNet),
    Compare(Comparison, f64),
    Time(TimePart, Comparison, f64),
    FieldRef {
        other: FieldId,
        relation: Relation,
        cased: bool,
    },
}

/// Finds the indexed predicates of a field that hold for a value.
#[derive(Debug)]
pub(crate) struct FieldIndex {
    pub(crate) field: FieldId,
    /// Whole folded values.
    pub(crate) equal: FastMap<Box<str>, Box<[PredId]>>,
    /// Folded texts within the value.
    pub(crate) within: Vec<Automaton>,
}

#[derive(Debug)]
pub(crate) struct Automaton {
    pub(crate) automaton: AhoCorasick,
    /// For each pattern of the automaton.
    pub(crate) hits: Vec<Box<[Hit]>>,
}

/// A predicate that holds when its text is found at the right place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Hit {
    pub(crate) place: Place,
    pub(crate) pred: PredId,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Place {
    Anywhere,
    Start,
    End,
}
