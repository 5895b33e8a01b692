//! What is wrong with a rule, in one shape for analytics rules, their queries and Sigma rules.

use serde::{Deserialize, Serialize};
use sigma::yaml::Node;

/// One finding about a rule file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable code: `RUL` for rule files, `KQL` for queries, `SIG` for Sigma.
    pub code: String,
    /// `error` or `warning`.
    pub severity: String,
    /// One sentence.
    pub message: String,
    /// Line in the file, 1-based, 0 when it belongs to no line.
    pub line: u32,
    /// Column, 1-based, 0 when it belongs to none.
    pub column: u32,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Finding {
    pub(crate) fn at(line: u32, column: u32) -> Self {
        Self {
            code: String::new(),
            severity: String::new(),
            message: String::new(),
            line,
            column,
            hint: None,
        }
    }

    /// Whether the rule can't run because of it.
    pub fn is_error(&self) -> bool {
        self.severity == "error"
    }
}

/// Collects findings while a file is read.
#[derive(Debug, Default)]
pub struct Findings {
    /// All so far.
    pub all: Vec<Finding>,
}

impl Findings {
    /// Errors so far.
    pub fn errors(&self) -> usize {
        self.all.iter().filter(|finding| finding.is_error()).count()
    }

    pub(crate) fn error(&mut self, node: &Node, code: &str, message: impl Into<String>) {
        self.push(node, code, "error", message.into());
    }

    pub(crate) fn warn(&mut self, node: &Node, code: &str, message: impl Into<String>) {
        self.push(node, code, "warning", message.into());
    }

    fn push(&mut self, node: &Node, code: &str, severity: &str, message: String) {
        self.all.push(Finding {
            code: code.to_owned(),
            severity: severity.to_owned(),
            message,
            ..Finding::from(node)
        });
    }
}
