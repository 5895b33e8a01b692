//! A set of rules, compiled, and the verdict on each.

use std::collections::{BTreeMap, HashMap};

use schema::LogSource;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::explain::{self, Explanation};
use crate::matcher::{self, Scratch};
use crate::placeholder;
use crate::router::{Routed, Router};
use crate::routing::Routing;
use crate::rule::Rule;

/// Index of a rule in its [`RuleSet`], in the order given to [`RuleSet::compile`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct RuleIdx(pub u32);

/// Values for placeholders (`expand`), by the name between the percent signs.
pub type Placeholders = BTreeMap<String, Vec<String>>;

/// What became of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleState {
    /// Compiled and routed.
    Ready,
    /// No known log carries what it asks for, or a placeholder has no values.
    Unroutable,
}

/// The verdict on one rule.
#[derive(Debug, Clone, Serialize)]
pub struct RuleReport {
    /// Its index in the set.
    pub rule: RuleIdx,
    /// Its id.
    pub id: String,
    /// Whether it runs.
    pub state: RuleState,
    /// Why it doesn't, and what deserves a look.
    pub diagnostics: Vec<Diagnostic>,
}

/// Rules that are matched all at once.
///
/// ```
/// use sigma::{RuleSet, Scratch, parse_rules};
///
/// let file = parse_rules(
///     "title: Encoded PowerShell
/// id: 00000000-0000-4000-8000-000000000001
/// level: high
/// logsource: {product: windows, category: process_creation}
/// detection:
///   selection:
///     Image|endswith: '\\powershell.exe'
///     CommandLine|contains|windash: ' -enc '
///   condition: selection",
///     "encoded.yml",
/// );
/// let (rules, _reports) = RuleSet::compile(file.rules);
/// let event = serde_json::json!({
///     "Channel": "Microsoft-Windows-Sysmon/Operational", "EventID": 1,
///     "Image": r"C:\Windows\System32\WindowsPowerShell\v1.0\PowerShell.exe",
///     "CommandLine": "powershell /enc aQBlAHgA",
/// });
/// let mut hits = Vec::new();
/// let source = schema::LogSource::new("windows", "sysmon");
/// let event = event.as_object().unwrap();
/// rules.matches(&source, event, &mut Scratch::default(), |rule| hits.push(rule));
/// assert_eq!(hits.len(), 1);
/// ```
#[derive(Debug)]
pub struct RuleSet {
    rules: Vec<Rule>,
    ready: Vec<bool>,
    router: Router,
    routing: Routing,
}

impl RuleSet {
    /// Compiles rules with the built-in log sources and no placeholder values.
    ///
    /// Every rule keeps its place and gets a report; those that cannot run are left out of
    /// matching.
    pub fn compile(rules: Vec<Rule>) -> (Self, Vec<RuleReport>) {
        Self::compile_with(rules, Routing::builtin(), &Placeholders::new())
    }

    /// Compiles rules with other log sources, and values for placeholders.
    pub fn compile_with(
        mut rules: Vec<Rule>,
        routing: &Routing,
        placeholders: &Placeholders,
    ) -> (Self, Vec<RuleReport>) {
        let mut reports = Vec::with_capacity(rules.len());
        let mut destinations = Vec::with_capacity(rules.len());
        let mut first_with_id: HashMap<String, String> = HashMap::new();
        for (index, rule) in rules.iter_mut().enumerate() {
            let mut diagnostics = rule.warnings.clone();
            let known = first_with_id.get(&rule.id);
            diagnostics.extend(known.map(|path| duplicate(rule, path)));
            first_with_id
                .entry(rule.id.clone())
                .or_insert_with(|| rule.path.clone());
            let missing = placeholder::expand(&mut rule.detection, placeholders);
            diagnostics.extend(missing.iter().map(|name| no_values(rule, name)));
            let destination = routing.destination(&rule.logsource);
            if let Err(error) = &destination {
                diagnostics.push(about(
                    rule,
                    Code::Unroutable,
                    Severity::Error,
                    error.to_string(),
                ));
            }
            let destination = destination.ok().filter(|_| missing.is_empty());
            let state = match destination {
                Some(_) => RuleState::Ready,
                None => RuleState::Unroutable,
            };
            destinations.push(destination);
            let rule_idx = RuleIdx(u32::try_from(index).unwrap_or(u32::MAX));
            reports.push(RuleReport {
                rule: rule_idx,
                id: rule.id.clone(),
                state,
                diagnostics,
            });
        }
        let ready = destinations.iter().map(Option::is_some).collect();
        let routed: Vec<Routed<'_>> = rules
            .iter()
            .zip(destinations)
            .zip(&reports)
            .filter_map(|((rule, destination), report)| {
                Some(Routed {
                    idx: report.rule,
                    rule,
                    destination: destination?,
                })
            })
            .collect();
        let router = Router::build(&routed, routing);
        (
            Self {
                rules,
                ready,
                router,
                routing: routing.clone(),
            },
            reports,
        )
    }

    /// All rules, those that don't run included.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// A rule by its index.
    pub fn rule(&self, rule: RuleIdx) -> Option<&Rule> {
        self.rules.get(rule.0 as usize)
    }

    /// Number of rules that run.
    pub fn ready(&self) -> usize {
        self.ready.iter().filter(|ready| **ready).count()
    }

    /// Calls `on_match` once for each rule that matches the event.
    ///
    /// `native` holds the event in the vendor's field names; for Windows that is `EventData` flat
    /// beside `EventID`, `Channel`, `Computer` and `Provider_Name`.
    pub fn matches(
        &self,
        source: &LogSource,
        native: &Map<String, Value>,
        scratch: &mut Scratch,
        mut on_match: impl FnMut(RuleIdx),
    ) {
        let mut key = std::mem::take(&mut scratch.route_key);
        let route = self.router.route(source, native, &mut key);
        scratch.route_key = key;
        let mut fired = std::mem::take(&mut scratch.fired);
        fired.clear();
        for program in route.iter() {
            let program = &self.router.programs[program as usize];
            // A rule can be in two of an event's programs, by channel and by name.
            matcher::run(program, native, scratch, |rule| {
                if !fired.contains(&rule) {
                    fired.push(rule);
                }
            });
        }
        fired.iter().for_each(|&rule| on_match(rule));
        scratch.fired = fired;
    }

    /// Says which parts of a rule hold for an event. Slow; for people.
    ///
    /// `None` when the set has no such rule.
    pub fn explain(
        &self,
        rule: RuleIdx,
        source: &LogSource,
        native: &Map<String, Value>,
    ) -> Option<Explanation> {
        let mut key = String::new();
        let route = self.router.route(source, native, &mut key);
        let routed = route.iter().any(|program| {
            let program = &self.router.programs[program as usize];
            program.rules.iter().any(|member| member.rule == rule)
        });
        let rule = self.rule(rule)?;
        Some(explain::explain(rule, routed, &self.routing, native))
    }

    /// Sizes of what was compiled, for people and for benchmarks.
    pub fn stats(&self) -> RuleSetStats {
        let programs = &self.router.programs;
        RuleSetStats {
            rules: self.rules.len(),
            ready: self.ready(),
            programs: programs.len(),
            predicates: programs.iter().map(|program| program.preds.len()).sum(),
            untriggered: programs.iter().map(|program| program.always.len()).sum(),
        }
    }
}

/// Sizes of a compiled set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct RuleSetStats {
    /// Rules given.
    pub rules: usize,
    /// Rules that run.
    pub ready: usize,
    /// Kinds of events told apart.
    pub programs: usize,
    /// Distinct predicates, over all programs.
    pub predicates: usize,
    /// Rules that have to be looked at for every event of their program, over all programs.
    pub untriggered: usize,
}

fn about(rule: &Rule, code: Code, severity: Severity, message: String) -> Diagnostic {
    Diagnostic {
        code,
        severity,
        message,
        file: rule.path.clone(),
        line: rule.line,
        column: 1,
        hint: None,
    }
}

fn duplicate(rule: &Rule, first: &str) -> Diagnostic {
    let message = format!("rule id `{}` is also in `{first}`", rule.id);
    about(rule, Code::DuplicateId, Severity::Warning, message)
}

fn no_values(rule: &Rule, name: &str) -> Diagnostic {
    let message = format!("placeholder `%{name}%` has no values");
    let hint = Some("give it values, for example from a watchlist".to_owned());
    Diagnostic {
        hint,
        ..about(rule, Code::Placeholder, Severity::Error, message)
    }
}
