//! How commands fail: 1 when the work failed, 2 for bad usage or bad input.

use std::process::ExitCode;

use crate::safe_text::for_terminal;

/// A failed command.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    message: String,
    hint: Option<String>,
    /// Boxed to keep results small.
    diagnostics: Option<Box<serde_json::Value>>,
}

impl Failure {
    /// Bad usage or bad input.
    pub(crate) fn input(message: impl Into<String>) -> Self {
        Self {
            code: 2,
            message: message.into(),
            hint: None,
            diagnostics: None,
        }
    }

    /// The work failed.
    pub(crate) fn work(message: impl Into<String>) -> Self {
        Self {
            code: 1,
            message: message.into(),
            hint: None,
            diagnostics: None,
        }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the findings of a query, as the API gives them.
    pub(crate) fn with_diagnostics(mut self, diagnostics: &serde_json::Value) -> Self {
        self.diagnostics = Some(Box::new(diagnostics.clone()));
        self
    }

    /// Prints it and gives the exit status.
    pub(crate) fn report(self) -> ExitCode {
        eprintln!("error: {}", for_terminal(&self.message));
        print_findings(&self.diagnostics.unwrap_or_default());
        if let Some(hint) = self.hint {
            eprintln!("help: {}", for_terminal(&hint));
        }
        ExitCode::from(self.code)
    }
}

/// Prints the findings of a query, as the API gives them, on stderr.
pub(crate) fn print_findings(findings: &serde_json::Value) {
    for finding in findings.as_array().into_iter().flatten() {
        let text = |key: &str| for_terminal(finding[key].as_str().unwrap_or_default()).into_owned();
        eprintln!(
            "{}[{}]: {}",
            text("severity"),
            text("code"),
            text("message")
        );
        eprintln!(" --> query:{}:{}", finding["line"], finding["column"]);
        if finding["hint"].is_string() {
            eprintln!("help: {}", text("hint"));
        }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::work(format!("{error:#}"))
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::work(error.to_string())
    }
}

pub(crate) type Outcome<T = ExitCode> = Result<T, Failure>;
