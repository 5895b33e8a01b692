//! What is wrong with a rule, where, and what to do about it.

use std::fmt;

use serde::Serialize;

/// How bad a diagnostic is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The rule runs; something about it deserves a look.
    Warning,
    /// The rule cannot run.
    Error,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $text:literal),* $(,)?) => {
        /// The kind of a diagnostic. A code never changes its meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($(#[$doc])* $variant),* }

        impl Code {
            /// Every code, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The stable text, for example `SIG0010`.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }
        }
    };
}

codes! {
    /// The text is not YAML.
    YamlSyntax = "SIG0001",
    /// A document is too deep or too large.
    TooLarge = "SIG0002",
    /// A document, or a part of one, has the wrong YAML type.
    WrongType = "SIG0003",
    /// A required key is missing.
    MissingKey = "SIG0004",
    /// A key that the specification doesn't know.
    UnknownKey = "SIG0005",
    /// A key stands twice in one mapping.
    DuplicateKey = "SIG0006",
    /// A value outside the list the specification allows.
    UnknownValue = "SIG0007",
    /// `action:` documents that cannot be applied.
    Action = "SIG0008",
    /// The condition cannot be read.
    ConditionSyntax = "SIG0010",
    /// The condition names a selection that doesn't exist.
    UnknownSelection = "SIG0011",
    /// The condition uses the old pipe aggregation, which Sigma 2 replaced by correlations.
    LegacyAggregation = "SIG0012",
    /// A selection that no condition uses.
    UnusedSelection = "SIG0013",
    /// A modifier the specification doesn't know.
    UnknownModifier = "SIG0020",
    /// Modifiers that exclude each other.
    ModifierCombination = "SIG0021",
    /// A value that a modifier cannot take.
    ModifierValue = "SIG0022",
    /// A regular expression that cannot be compiled.
    Regex = "SIG0023",
    /// A list of values without values.
    EmptyList = "SIG0024",
    /// No log is known to carry what the rule's log source asks for.
    Unroutable = "SIG0030",
    /// A placeholder (`expand`) without values.
    Placeholder = "SIG0031",
    /// A correlation rule: read, but not run yet.
    CorrelationNotRun = "SIG0040",
    /// A correlation rule that cannot be read.
    CorrelationInvalid = "SIG0041",
    /// A filter: read, but not applied yet.
    FilterNotRun = "SIG0042",
    /// The same rule id more than once.
    DuplicateId = "SIG0050",
}

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// One finding about a rule file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// Stable code.
    pub code: Code,
    /// Whether the rule still runs.
    pub severity: Severity,
    /// One short sentence, names in backticks.
    pub message: String,
    /// The name the caller gave the text.
    pub file: String,
    /// Line, 1-based; 0 when the finding belongs to no line.
    pub line: u32,
    /// Column in characters, 1-based; 0 when the finding belongs to no column.
    pub column: u32,
    /// What to do, when there is something to say.
    pub hint: Option<String>,
}

impl Diagnostic {
    /// Whether the rule cannot run because of it.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        write!(f, "{severity}[{}]: {}", self.code.as_str(), self.message)?;
        write!(f, "\n --> {}:{}:{}", self.file, self.line, self.column)?;
        match &self.hint {
            Some(hint) => write!(f, "\nhelp: {hint}"),
            None => Ok(()),
        }
    }
}

/// Collects the findings of one file while it is read.
#[derive(Debug)]
pub(crate) struct Sink {
    file: String,
    pub(crate) found: Vec<Diagnostic>,
}

impl Sink {
    pub(crate) fn new(file: &str) -> Self {
        Self {
            file: file.to_owned(),
            found: Vec::new(),
        }
    }

    pub(crate) fn error(&mut self, code: Code, at: (u32, u32), message: impl Into<String>) {
        self.push(Severity::Error, code, at, message.into(), None);
    }

    pub(crate) fn error_with_hint(
        &mut self,
        code: Code,
        at: (u32, u32),
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.push(Severity::Error, code, at, message.into(), Some(hint.into()));
    }

    pub(crate) fn warn(&mut self, code: Code, at: (u32, u32), message: impl Into<String>) {
        self.push(Severity::Warning, code, at, message.into(), None);
    }

    pub(crate) fn warn_with_hint(
        &mut self,
        code: Code,
        at: (u32, u32),
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.push(
            Severity::Warning,
            code,
            at,
            message.into(),
            Some(hint.into()),
        );
    }

    fn push(
        &mut self,
        severity: Severity,
        code: Code,
        (line, column): (u32, u32),
        message: String,
        hint: Option<String>,
    ) {
        self.found.push(Diagnostic {
            code,
            severity,
            message,
            file: self.file.clone(),
            line,
            column,
            hint,
        });
    }

    /// Number of findings so far; with [`Sink::errors_since`] tells what one rule added.
    pub(crate) fn mark(&self) -> usize {
        self.found.len()
    }

    pub(crate) fn errors_since(&self, mark: usize) -> bool {
        self.found[mark.min(self.found.len())..]
            .iter()
            .any(Diagnostic::is_error)
    }
}

/// The candidate closest to `word`, if any is close enough to be meant.
pub(crate) fn closest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    // Long words are not typing mistakes of a keyword, and the distance is quadratic.
    if word.len() > 64 {
        return None;
    }
    candidates
        .into_iter()
        .map(|candidate| (edit_distance(word, candidate), candidate))
        .filter(|&(distance, candidate)| distance <= 2 && distance < candidate.len())
        .min()
        .map(|(_, candidate)| candidate)
}

fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, &cb) in b.iter().enumerate() {
            let substitution = diagonal + usize::from(ca != cb);
            diagonal = row[j + 1];
            row[j + 1] = substitution.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct_and_rising() {
        let texts: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert!(texts.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn a_typing_mistake_finds_the_word_meant() {
        assert_eq!(closest("contans", ["contains", "re"]), Some("contains"));
        assert_eq!(closest("base32", ["contains", "re"]), None);
    }
}
