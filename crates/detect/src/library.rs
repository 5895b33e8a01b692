//! All rules of some folders: read, checked and ready to run, with a report for each.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sigma::RuleSet;

use crate::diagnostic::{Finding, Findings};
use crate::queries::Queries;
use crate::query_place;
use crate::rule::{AnalyticsRule, RuleKind, is_empty, resources};

/// Whether a rule can run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleState {
    /// It runs.
    Ready,
    /// It runs, but some table it reads has no rows yet.
    NoData,
    /// It can't run; the findings say why.
    Broken,
    /// No log source is known for it.
    Unroutable,
}

/// One rule of a file, for people and for `rules check`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RuleReport {
    /// File.
    pub path: String,
    /// `sigma` or `sentinel`.
    pub kind: String,
    /// Rule id, as far as it could be read.
    pub id: String,
    /// Title.
    pub name: String,
    /// Sentinel's severity or Sigma's level.
    pub severity: String,
    /// False for broken rules only.
    pub ok: bool,
    /// Whether it can run.
    pub state: RuleState,
    /// Whether it is switched on.
    pub enabled: bool,
    /// ATT&CK tactics.
    pub tactics: Vec<String>,
    /// Author, shown as Sigma's Detection Rule License asks.
    pub author: String,
    /// What was found.
    pub diagnostics: Vec<Finding>,
    /// Tables that an analytics rule reads.
    #[serde(skip)]
    pub tables: Vec<String>,
}

impl RuleReport {
    /// The state with the tables there are now: rows that came since loading make a rule ready.
    pub fn state_now(&self, has_rows: &dyn Fn(&str) -> bool) -> RuleState {
        match self.state {
            RuleState::Ready | RuleState::NoData
                if !self.tables.iter().all(|table| has_rows(table)) =>
            {
                RuleState::NoData
            }
            RuleState::Ready | RuleState::NoData => RuleState::Ready,
            other => other,
        }
    }
}

/// Rules ready to run.
pub struct RuleLibrary {
    /// Analytics rules, each bound once.
    pub analytics: Vec<Arc<AnalyticsRule>>,
    /// All Sigma rules in one matcher.
    pub sigma: Arc<RuleSet>,
    /// A report for every rule found.
    pub reports: Vec<RuleReport>,
}

/// Largest rule file read.
const FILE_BYTES_MAX: u64 = 8 << 20;

impl RuleLibrary {
    /// Reads `texts` (name and content) and every `.yml`, `.yaml` and `.json` file under `paths`.
    /// One bad rule never stops the others: it stands in the reports with the reason.
    ///
    /// `has_rows` tells whether a table holds rows; `now` is the time queries are bound at.
    pub fn load(
        texts: Vec<(String, String)>,
        paths: &[PathBuf],
        queries: &Queries,
        has_rows: &dyn Fn(&str) -> bool,
        now: Timestamp,
    ) -> Self {
        let mut loader = Loader {
            queries,
            has_rows,
            now,
            analytics: Vec::new(),
            sigma: Vec::new(),
            reports: Vec::new(),
        };
        for (name, text) in texts {
            loader.text(&name, &text);
        }
        for path in paths {
            for file in rule_files(path) {
                loader.file(&file);
            }
        }
        loader.finish()
    }
}

/// Rule files at or under a path, in name order.
fn rule_files(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let mut entries: Vec<PathBuf> = std::fs::read_dir(path)
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default();
    entries.sort();
    entries
        .iter()
        .flat_map(|entry| {
            let is_rule = entry
                .extension()
                .and_then(|ext| ext.to_str())
                .is_some_and(|ext| {
                    ["yml", "yaml", "json"].contains(&ext.to_ascii_lowercase().as_str())
                });
            match entry.is_dir() {
                true if !entry.is_symlink() => rule_files(entry),
                false if is_rule => vec![entry.clone()],
                _ => Vec::new(),
            }
        })
        .collect()
}

struct Loader<'a> {
    queries: &'a Queries,
    has_rows: &'a dyn Fn(&str) -> bool,
    now: Timestamp,
    analytics: Vec<Arc<AnalyticsRule>>,
    sigma: Vec<sigma::Rule>,
    reports: Vec<RuleReport>,
}

impl Loader<'_> {
    fn file(&mut self, path: &Path) {
        let name = path.display().to_string();
        let text = match std::fs::metadata(path) {
            Ok(meta) if meta.len() > FILE_BYTES_MAX => {
                Err("the file is larger than 8 MiB".to_owned())
            }
            Ok(_) => std::fs::read(path)
                .map_err(|error| error.to_string())
                .map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
            Err(error) => Err(error.to_string()),
        };
        match text {
            Ok(text) => self.text(&name, text.trim_start_matches('\u{feff}')),
            Err(reason) => self.reports.push(unreadable(&name, &reason)),
        }
    }

    fn text(&mut self, path: &str, text: &str) {
        let documents = sigma::yaml::load(text);
        let is_sigma = documents.iter().flatten().any(|node| {
            node.get("detection").is_some()
                || node.get("logsource").is_some()
                || node.get("correlation").is_some()
        });
        if is_sigma {
            return self.sigma_text(path, text);
        }
        for document in documents {
            match document {
                Ok(document) => {
                    for node in resources(&document) {
                        self.document(path, text, node);
                    }
                }
                Err(error) => {
                    let finding = Finding {
                        code: "RUL0012".into(),
                        severity: "error".into(),
                        message: format!("not readable as YAML: {}", error.message),
                        ..Finding::at(error.line, error.column)
                    };
                    self.reports.push(report(path, "sentinel", vec![finding]));
                }
            }
        }
    }

    fn document(&mut self, path: &str, text: &str, node: &sigma::yaml::Node) {
        if AnalyticsRule::recognises(node) {
            self.analytics_rule(path, text, node);
        } else if !is_empty(node) {
            let mut findings = Findings::default();
            findings.error(
                node,
                "RUL0011",
                "this is neither an analytics rule nor a Sigma rule",
            );
            self.reports.push(report(path, "sentinel", findings.all));
        }
    }

    fn analytics_rule(&mut self, path: &str, text: &str, node: &sigma::yaml::Node) {
        let mut findings = Findings::default();
        let rule = AnalyticsRule::read(node, path, &mut findings);
        let Some(rule) = rule else {
            self.reports.push(report(path, "sentinel", findings.all));
            return;
        };
        let bound = self.queries.bind(&rule.query, self.now);
        findings.all.extend(
            bound
                .diagnostics
                .iter()
                .map(|d| query_finding(d, &rule, text)),
        );
        let is_bound = bound.query.is_some();
        let mut report = RuleReport {
            tables: bound
                .query
                .iter()
                .flat_map(|query| &query.reads)
                .map(|read| read.table.clone())
                .collect(),
            id: rule.id.clone(),
            name: rule.name.clone(),
            severity: rule.severity.to_string(),
            enabled: rule.enabled,
            tactics: rule.tactics.iter().map(|t| t.as_str().to_owned()).collect(),
            ..report(path, "sentinel", findings.all)
        };
        if is_bound {
            report.ok = true;
            report.state = RuleState::Ready;
            report.state = report.state_now(self.has_rows);
            self.analytics.push(Arc::new(rule));
        }
        self.reports.push(report);
    }

    fn sigma_text(&mut self, path: &str, text: &str) {
        let parsed = sigma::parse_rules(text, path);
        for broken in parsed.broken {
            self.reports.push(RuleReport {
                id: broken.id.unwrap_or_default(),
                name: broken.title.unwrap_or_default(),
                ..report(
                    path,
                    "sigma",
                    broken.diagnostics.iter().map(sigma_finding).collect(),
                )
            });
        }
        self.sigma.extend(parsed.rules);
    }

    fn finish(mut self) -> RuleLibrary {
        let rules = std::mem::take(&mut self.sigma);
        let facts: Vec<RuleReport> = rules.iter().map(sigma_report).collect();
        let (set, compiled) = RuleSet::compile(rules);
        for (mut report, compiled) in facts.into_iter().zip(compiled) {
            report
                .diagnostics
                .extend(compiled.diagnostics.iter().map(sigma_finding));
            report.state = match compiled.state {
                sigma::RuleState::Ready => RuleState::Ready,
                sigma::RuleState::Unroutable => RuleState::Unroutable,
            };
            report.ok = report.state != RuleState::Broken;
            self.reports.push(report);
        }
        RuleLibrary {
            analytics: self.analytics,
            sigma: Arc::new(set),
            reports: self.reports,
        }
    }
}

fn report(path: &str, kind: &str, diagnostics: Vec<Finding>) -> RuleReport {
    RuleReport {
        path: path.to_owned(),
        kind: kind.to_owned(),
        id: String::new(),
        name: String::new(),
        severity: String::new(),
        ok: false,
        state: RuleState::Broken,
        enabled: true,
        tactics: Vec::new(),
        author: String::new(),
        diagnostics,
        tables: Vec::new(),
    }
}

fn sigma_report(rule: &sigma::Rule) -> RuleReport {
    RuleReport {
        id: rule.id.clone(),
        name: rule.title.clone(),
        severity: rule.level.to_string(),
        tactics: rule
            .tactics()
            .iter()
            .map(|t| t.as_str().to_owned())
            .collect(),
        author: rule.author.clone(),
        ..report(
            &rule.path,
            "sigma",
            rule.warnings.iter().map(sigma_finding).collect(),
        )
    }
}

fn unreadable(path: &str, reason: &str) -> RuleReport {
    let finding = Finding {
        code: "RUL0013".into(),
        severity: "error".into(),
        message: format!("cannot read: {reason}"),
        ..Finding::at(0, 0)
    };
    report(path, "sentinel", vec![finding])
}

fn sigma_finding(diagnostic: &sigma::Diagnostic) -> Finding {
    Finding {
        code: diagnostic.code.as_str().to_owned(),
        severity: if diagnostic.is_error() {
            "error"
        } else {
            "warning"
        }
        .to_owned(),
        message: diagnostic.message.clone(),
        hint: diagnostic.hint.clone(),
        ..Finding::at(diagnostic.line, diagnostic.column)
    }
}

/// A query's finding, placed in the rule's file.
fn query_finding(diagnostic: &kql::Diagnostic, rule: &AnalyticsRule, file: &str) -> Finding {
    let found = diagnostic.to_json(&rule.query);
    let at = (found.line, found.column);
    let (line, column) = query_place::in_file(file, &rule.query, rule.query_line, at);
    Finding {
        code: found.code.to_owned(),
        severity: if diagnostic.is_error() {
            "error"
        } else {
            "warning"
        }
        .to_owned(),
        message: found.message,
        hint: found.hint,
        ..Finding::at(line, column)
    }
}

impl RuleKind {
    /// As the API names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Nrt => "nrt",
        }
    }
}
