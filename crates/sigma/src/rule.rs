//! A Sigma rule: who wrote it, what it is about, which log it reads, what it looks for.

use schema::Tactic;
use serde::Serialize;

use crate::detection::Detection;
use crate::diagnostic::Diagnostic;

/// How bad it is when the rule matches (Sigma specification, `level`), least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names are the specification's")]
pub enum Level {
    Informational,
    Low,
    Medium,
    High,
    Critical,
}

impl Level {
    /// All levels, least first.
    pub const ALL: [Self; 5] = [
        Self::Informational,
        Self::Low,
        Self::Medium,
        Self::High,
        Self::Critical,
    ];

    /// As rules write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Informational => "informational",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// Reads a level in any letter case.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|level| level.as_str().eq_ignore_ascii_case(text))
    }
}

impl std::fmt::Display for Level {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How far a rule is in its life (Sigma specification, `status`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names are the specification's")]
pub enum Status {
    Stable,
    Test,
    Experimental,
    Deprecated,
    Unsupported,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Stable,
        Self::Test,
        Self::Experimental,
        Self::Deprecated,
        Self::Unsupported,
    ];

    /// As rules write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stable => "stable",
            Self::Test => "test",
            Self::Experimental => "experimental",
            Self::Deprecated => "deprecated",
            Self::Unsupported => "unsupported",
        }
    }

    /// Reads a status in any letter case.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|status| status.as_str().eq_ignore_ascii_case(text))
    }
}

/// The log a rule reads. Empty text means that the rule leaves it open.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize)]
pub struct RuleLogSource {
    /// For example `windows`; lower case.
    pub product: String,
    /// For example `security`; lower case.
    pub service: String,
    /// For example `process_creation`; lower case.
    pub category: String,
    /// What has to be switched on for the log to exist, for people.
    pub definition: String,
}

/// A rule that could be read.
#[derive(Debug, Clone)]
pub struct Rule {
    /// The rule's UUID; `file:line` when it has none.
    pub id: String,
    /// Short text for people.
    pub title: String,
    /// Name by which correlations refer to it; empty when there is none.
    pub name: String,
    /// `None` when not given.
    pub status: Option<Status>,
    /// `Medium` when not given.
    pub level: Level,
    /// Longer text for people.
    pub description: String,
    /// Who wrote it; the Detection Rule License asks that this is shown.
    pub author: String,
    /// SPDX identifier; empty when not given.
    pub license: String,
    /// When it was written, as written.
    pub date: String,
    /// When it was last changed, as written.
    pub modified: String,
    /// As written, for example `attack.t1110.003`.
    pub tags: Vec<String>,
    /// Where to read more.
    pub references: Vec<String>,
    /// What else might cause a match.
    pub falsepositives: Vec<String>,
    /// Fields worth showing with a match.
    pub fields: Vec<String>,
    /// The log it reads.
    pub logsource: RuleLogSource,
    /// What it looks for.
    pub detection: Detection,
    /// The name of its file, as the caller gave it.
    pub path: String,
    /// Line where its document begins.
    pub line: u32,
    /// What deserves a look; never an error.
    pub warnings: Vec<Diagnostic>,
}

impl Rule {
    /// ATT&CK tactics from its `attack.` tags, in the order of the tags, each once.
    pub fn tactics(&self) -> Vec<Tactic> {
        let mut tactics = Vec::new();
        for tactic in self.attack_tags().filter_map(Tactic::parse) {
            if !tactics.contains(&tactic) {
                tactics.push(tactic);
            }
        }
        tactics
    }

    /// ATT&CK techniques from its `attack.` tags (`T1110.003`), in the order of the tags.
    pub fn techniques(&self) -> Vec<String> {
        self.attack_tags()
            .filter(|tag| {
                let digits = tag.strip_prefix(['t', 'T']).unwrap_or_default();
                digits.starts_with(|c: char| c.is_ascii_digit())
            })
            .map(str::to_ascii_uppercase)
            .collect()
    }

    fn attack_tags(&self) -> impl Iterator<Item = &str> {
        self.tags.iter().filter_map(|tag| {
            let (namespace, name) = tag.split_once('.')?;
            namespace.eq_ignore_ascii_case("attack").then_some(name)
        })
    }
}
