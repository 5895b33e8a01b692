//! `name = value` options, and `render`, which has little else.

use crate::diagnostic::{Code, Diagnostic, closest};
use crate::syntax::expected::Want;
use crate::syntax::parser::Parser;
use crate::syntax::tree::{Constant, Expr, ExprKind, OpKind, Option_};

/// What may stand behind an option's `=`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Choice {
    /// Anything.
    Any,
    /// `true` or `false`.
    Switch,
    /// One of these words.
    Words(&'static [&'static str]),
}

/// An option's name and its values.
pub(crate) type Known = (&'static str, Choice);

/// Hints for the engine, which any operator may have.
pub(crate) const HINTS: &[Known] = &[
    ("hint.concurrency", Choice::Any),
    ("hint.distribution", Choice::Any),
    ("hint.materialized", Choice::Switch),
    ("hint.num_partitions", Choice::Any),
    ("hint.pass_filters", Choice::Any),
    ("hint.pass_filters_column", Choice::Any),
    ("hint.progressive_top", Choice::Switch),
    ("hint.remote", Choice::Any),
    ("hint.shufflekey", Choice::Any),
    ("hint.spread", Choice::Any),
    ("hint.strategy", Choice::Any),
];

/// `hint.strategy` of `join`.
pub(super) const JOIN_STRATEGY: Known = (
    "hint.strategy",
    Choice::Words(&["auto", "broadcast", "centralized", "shuffle"]),
);
/// `hint.strategy` of `summarize`.
pub(super) const SHUFFLE_STRATEGY: Known = ("hint.strategy", Choice::Words(&["shuffle"]));
/// `hint.strategy` of `sort`.
pub(super) const SORT_STRATEGY: Known = (
    "hint.strategy",
    Choice::Words(&["splitBlock", "multipleBlocks"]),
);

/// Options of some operator, which others read and ignore.
const ELSEWHERE: &[&str] = &[
    "bagexpansion",
    "decodeblocks",
    "expandoutput",
    "isfuzzy",
    "kind",
    "with_itemindex",
    "with_match_id",
    "with_step_name",
    "withsource",
];

const CHARTS: &[&str] = &[
    "table",
    "list",
    "barchart",
    "piechart",
    "ladderchart",
    "timechart",
    "linechart",
    "anomalychart",
    "pivotchart",
    "areachart",
    "stackedareachart",
    "scatterchart",
    "timepivot",
    "columnchart",
    "timeline",
    "3Dchart",
    "card",
    "treemap",
    "plotly",
    "graph",
    "sankey",
];

const CHART_KINDS: &[&str] = &["default", "unstacked", "stacked", "stacked100", "map"];

const CHART_PROPERTIES: &[&str] = &[
    "accumulate",
    "anomalycolumns",
    "kind",
    "legend",
    "series",
    "title",
    "xaxis",
    "xcolumn",
    "xmax",
    "xmin",
    "xtitle",
    "yaxis",
    "ycolumns",
    "ymax",
    "ymin",
    "ysplit",
    "ytitle",
];

impl Parser<'_> {
    /// `name = value` pairs of the given names, and `hint.x = value`, before an operator's operands.
    pub(super) fn options(&mut self, allowed: &[Known]) -> Vec<Option_> {
        let mut list = Vec::new();
        loop {
            self.note_options(allowed);
            self.note_options(HINTS);
            let start = self.span();
            let mut name = self.word(0).to_owned();
            let hint = name == "hint" && self.ahead(1, ".") && {
                let whole = format!("hint.{}", self.word(2));
                HINTS.iter().any(|(known, _)| *known == whole)
            };
            let here = allowed.iter().any(|(known, _)| *known == name);
            let elsewhere = !here && ELSEWHERE.contains(&name.as_str());
            if !hint && !((here || elsewhere) && self.ahead(1, "=")) {
                return list;
            }
            self.advance();
            while self.eat(".") {
                name = format!("{name}.{}", self.word(0));
                self.advance();
            }
            let place = self.since(start);
            if list.iter().any(|option: &Option_| option.name == name) {
                let message = format!("the option `{name}` is given twice");
                self.report(Diagnostic::error(Code::Duplicate, place, message));
            } else if elsewhere {
                let message = format!("this operator has no option `{name}`; it is ignored");
                self.report(Diagnostic::warning(Code::BadOption, place, message));
            }
            self.expect("=");
            let mut known = allowed.iter().chain(HINTS);
            let known = known.find(|(known, _)| *known == name);
            self.note_value(known.map_or(Choice::Any, |(_, choice)| *choice));
            let value = self.option_value();
            self.check_option(
                known.map_or(Choice::Any, |(_, choice)| *choice),
                &value,
                hint,
            );
            list.push(Option_ {
                name,
                value,
                span: self.since(start),
            });
        }
    }

    fn check_option(&mut self, choice: Choice, value: &Expr, hint: bool) {
        let fits = match (choice, &value.kind) {
            (Choice::Any, _) | (_, ExprKind::Missing) => true,
            (Choice::Switch, kind) => matches!(kind, ExprKind::Literal(Constant::Bool(_))),
            // Hints are the only options whose values may be in any case.
            (Choice::Words(words), ExprKind::Name(word)) => {
                words.contains(&word.as_str())
                    || (hint && words.iter().any(|w| w.eq_ignore_ascii_case(word)))
            }
            (Choice::Words(_), _) => false,
        };
        if fits {
            return;
        }
        let expected = match choice {
            Choice::Words(words) => format!("expected one of: {}", words.join(", ")),
            _ => "expected `true` or `false`".to_owned(),
        };
        let mut found = Diagnostic::error(Code::BadOption, value.span, expected);
        if let (Choice::Words(words), ExprKind::Name(word)) = (choice, &value.kind)
            && let Some(near) = closest(word, words.iter().copied())
        {
            found = found.hint(format!("did you mean `{near}`?"));
        }
        self.report(found);
    }

    pub(super) fn option_value(&mut self) -> Expr {
        let start = self.span();
        if let Some(name) = self.any_name() {
            return Expr {
                kind: ExprKind::Name(name.text),
                span: self.since(start),
            };
        }
        self.unary()
    }

    /// `(a = b, c = d)` with these names only, or with any when none are given.
    pub(super) fn option_list(&mut self, allowed: &[&'static str]) -> Vec<Option_> {
        let mut list = Vec::new();
        if self.expect("(") {
            while !self.at(")") && !self.at_end() {
                self.note(|expected| expected.properties.extend_from_slice(allowed));
                let start = self.span();
                let word = self.word(0);
                if !allowed.is_empty() && !allowed.contains(&word) {
                    self.expected("an option");
                    self.recover();
                    break;
                }
                let name = self
                    .any_name()
                    .map(|name| name.text.to_ascii_lowercase())
                    .unwrap_or_default();
                if name.is_empty() || !self.expect("=") {
                    self.expected("an option");
                    self.recover();
                    break;
                }
                let value = if self.at("(") {
                    self.expression()
                } else {
                    self.option_value()
                };
                list.push(Option_ {
                    name,
                    value,
                    span: self.since(start),
                });
                if !self.eat(",") {
                    break;
                }
            }
            self.expect(")");
        }
        list
    }

    pub(super) fn render(&mut self) -> OpKind {
        let start = self.span();
        self.note_value(Choice::Words(CHARTS));
        // `3Dchart` begins with a digit, and yet it is a name.
        let kind = match self.any_name() {
            Some(name) if CHARTS.contains(&name.text.as_str()) => name,
            found => {
                let name = found.as_ref().map_or("", |name| name.text.as_str());
                let mut message = Diagnostic::error(
                    Code::BadOption,
                    if found.is_some() { start } else { self.span() },
                    format!("expected a chart: {}", CHARTS.join(", ")),
                );
                if let Some(near) = closest(name, CHARTS.iter().copied()) {
                    message = message.hint(format!("did you mean `{near}`?"));
                }
                self.report(message);
                found.unwrap_or_else(|| self.no_name())
            }
        };
        let mut properties = Vec::new();
        if self.eat_word("with") {
            if self.expect("(") {
                while !self.at(")") && !self.at_end() && self.property(&mut properties) {
                    // `ycolumns = a, b`: further names without a `=` belong to the property before.
                    while self.at(",") && !self.word(1).is_empty() && !self.ahead(2, "=") {
                        self.advance();
                        self.advance();
                    }
                    if !self.eat(",") && !self.at(")") {
                        self.expected("`,`");
                    }
                }
                self.expect(")");
            }
        } else {
            while !self.at_boundary() && self.property(&mut properties) {}
        }
        OpKind::Render { kind, properties }
    }

    /// `name = value` of `render`; false when there is none, which has been reported.
    fn property(&mut self, properties: &mut Vec<(String, String)>) -> bool {
        self.note(|expected| expected.properties.extend_from_slice(CHART_PROPERTIES));
        let name = self.word(0).to_ascii_lowercase();
        if !CHART_PROPERTIES.contains(&name.as_str()) {
            self.expected("a property of the chart");
            self.recover();
            return false;
        }
        let place = self.span();
        self.advance();
        if !self.expect("=") {
            self.recover();
            return false;
        }
        if properties.iter().any(|(known, _)| *known == name) {
            let message = format!("the property `{name}` is given twice");
            self.report(Diagnostic::error(Code::Duplicate, place, message));
        }
        match name.as_str() {
            "kind" => self.note_value(Choice::Words(CHART_KINDS)),
            "xcolumn" | "ycolumns" | "series" | "anomalycolumns" => self.note_want(Want::Column),
            _ => {}
        }
        let value = self.option_value();
        if name == "kind" {
            self.check_option(Choice::Words(CHART_KINDS), &value, false);
        }
        let value = match value.kind {
            ExprKind::Name(text) | ExprKind::Literal(Constant::String(text)) => text,
            ExprKind::Literal(Constant::Bool(b)) => b.to_string(),
            ExprKind::Literal(Constant::Long(n)) => n.to_string(),
            ExprKind::Literal(Constant::Real(n)) => n.to_string(),
            _ => String::new(),
        };
        properties.push((name, value));
        true
    }
}
