//! A chain of modifiers: what it adds up to, whether it makes sense, and the tests it makes of a
//! value.

use std::sync::Arc;

use ipnet::IpNet;

use crate::detection::{Relation, Test};
use crate::diagnostic::{Code, Sink, closest};
use crate::modifier::{self, Comparison, Effect, MODIFIERS, Modifier, TextStep, TimePart};
use crate::pattern::Pattern;
use crate::yaml::{Data, Node, ScalarKind};

/// Longest regular expression, in bytes.
const REGEX_BYTES_MAX: usize = 64 << 10;
/// Largest compiled size of one regular expression, in bytes.
const REGEX_SIZE_MAX: usize = 4 << 20;

/// What the modifiers of a key add up to.
#[derive(Debug, Default)]
pub(crate) struct Chain {
    pub(crate) steps: Vec<TextStep>,
    pub(crate) all: bool,
    cased: bool,
    pub(crate) negated: bool,
    regex: bool,
    regex_flags: String,
    cidr: bool,
    field_ref: bool,
    exists: bool,
    comparison: Option<Comparison>,
    time_part: Option<TimePart>,
}

impl Chain {
    pub(crate) fn add(&mut self, name: &str, at: (u32, u32), sink: &mut Sink) -> bool {
        let Some(modifier) = Modifier::find(name) else {
            let message = format!("unknown modifier `{name}`");
            match closest(name, MODIFIERS.iter().map(|modifier| modifier.name)) {
                Some(meant) => {
                    let hint = format!("did you mean `{meant}`?");
                    sink.error_with_hint(Code::UnknownModifier, at, message, hint);
                }
                None => sink.error(Code::UnknownModifier, at, message),
            }
            return false;
        };
        match modifier.effect {
            Effect::Text(step) => self.steps.push(step),
            Effect::All => self.all = true,
            Effect::Cased => self.cased = true,
            Effect::NotEqual => self.negated = true,
            Effect::Regex => self.regex = true,
            Effect::RegexFlag(flag) => self.regex_flags.push(flag),
            Effect::Cidr => self.cidr = true,
            Effect::FieldRef => self.field_ref = true,
            Effect::Exists => self.exists = true,
            Effect::Compare(comparison) => self.comparison = Some(comparison),
            Effect::TimePart(part) => self.time_part = Some(part),
        }
        true
    }

    /// Modifiers that say what kind of thing the value is: at most one may stand in a chain.
    fn kinds(&self) -> [(&'static str, bool); 6] {
        [
            ("re", self.regex),
            ("cidr", self.cidr),
            ("fieldref", self.field_ref),
            ("exists", self.exists),
            (
                "a numeric comparison",
                self.comparison.is_some() && self.time_part.is_none(),
            ),
            ("a part of a time", self.time_part.is_some()),
        ]
    }

    pub(crate) fn takes_text(&self) -> bool {
        self.kinds().iter().all(|(_, set)| !set)
    }

    pub(crate) fn check(&self, field: Option<&str>, at: (u32, u32), sink: &mut Sink) -> bool {
        let kinds: Vec<&str> = self
            .kinds()
            .into_iter()
            .filter(|(_, set)| *set)
            .map(|(name, _)| name)
            .collect();
        let text_only = self.steps.iter().all(|step| {
            matches!(
                step,
                TextStep::Contains | TextStep::StartsWith | TextStep::EndsWith
            )
        });
        let mut refuse = |message: String| {
            sink.error(Code::ModifierCombination, at, message);
            false
        };
        if let [first, second, ..] = kinds.as_slice() {
            return refuse(format!("`{first}` and `{second}` exclude each other"));
        }
        if !self.regex_flags.is_empty() && !self.regex {
            return refuse("`i`, `m` and `s` belong to `re`".to_owned());
        }
        if self.field_ref && !(text_only && self.steps.len() <= 1) {
            return refuse(
                "`fieldref` goes with one of `contains`, `startswith`, `endswith` only".to_owned(),
            );
        }
        if let Some(kind) = kinds
            .first()
            .filter(|_| !self.field_ref && !self.steps.is_empty())
        {
            return refuse(format!("`{kind}` cannot be combined with a text modifier"));
        }
        if field.is_none() && (self.exists || self.field_ref) {
            return refuse("`exists` and `fieldref` need a field".to_owned());
        }
        true
    }

    pub(crate) fn tests(&self, node: &Node) -> Result<Vec<Test>, (Code, String)> {
        let Data::Scalar { text, kind } = &node.data else {
            let message = format!(
                "a value must be text, a number or null, not a {}",
                node.type_name()
            );
            return Err((Code::WrongType, message));
        };
        let refuse = |message: String| Err((Code::ModifierValue, message));
        if *kind == ScalarKind::Null {
            return match self.takes_text() && self.steps.is_empty() {
                true => Ok(vec![Test::Null]),
                false => refuse("a modifier has nothing to work on in null".to_owned()),
            };
        }
        if self.regex {
            return self.regex(text).map(|test| vec![test]);
        }
        if self.cidr {
            return match parse_network(text) {
                Some(network) => Ok(vec![Test::Cidr(network)]),
                None => refuse(format!("`{text}` is not an address range")),
            };
        }
        if self.field_ref {
            let relation = match self.steps.first() {
                Some(TextStep::Contains) => Relation::Contains,
                Some(TextStep::StartsWith) => Relation::StartsWith,
                Some(TextStep::EndsWith) => Relation::EndsWith,
                _ => Relation::Equals,
            };
            let (field, cased) = (text.clone(), self.cased);
            return Ok(vec![Test::FieldRef {
                field,
                relation,
                cased,
            }]);
        }
        if self.exists {
            return match text.to_ascii_lowercase().as_str() {
                "true" | "yes" => Ok(vec![Test::Exists(true)]),
                "false" | "no" => Ok(vec![Test::Exists(false)]),
                _ => refuse(format!("`exists` takes true or false, not `{text}`")),
            };
        }
        if self.comparison.is_some() || self.time_part.is_some() {
            let Ok(number) = text.parse::<f64>() else {
                return refuse(format!("`{text}` is not a number"));
            };
            let comparison = self.comparison.unwrap_or(Comparison::Equal);
            return Ok(vec![match self.time_part {
                Some(part) => Test::Time(part, comparison, number),
                None => Test::Compare(comparison, number),
            }]);
        }
        self.text_tests(text, *kind)
    }

    fn text_tests(&self, text: &str, kind: ScalarKind) -> Result<Vec<Test>, (Code, String)> {
        let pattern = match kind {
            ScalarKind::Bool(value) => Pattern::literal(if value { "true" } else { "false" }),
            ScalarKind::Number => Pattern::literal(text),
            _ => Pattern::parse(text),
        };
        let patterns = modifier::apply_steps(pattern, &self.steps)
            .map_err(|error| (Code::ModifierValue, error.to_string()))?;
        let cased = self.cased;
        Ok(patterns
            .into_iter()
            .map(|pattern| Test::Text { pattern, cased })
            .collect())
    }

    fn regex(&self, text: &str) -> Result<Test, (Code, String)> {
        if text.len() > REGEX_BYTES_MAX {
            let message = format!("a regular expression has at most {REGEX_BYTES_MAX} bytes");
            return Err((Code::Regex, message));
        }
        // Inline flags, so that the source alone tells two expressions apart.
        let flags: String = ['i', 'm', 's']
            .into_iter()
            .filter(|flag| self.regex_flags.contains(*flag))
            .collect();
        let source = match flags.as_str() {
            "" => text.to_owned(),
            flags => format!("(?{flags}){text}"),
        };
        regex::RegexBuilder::new(&source)
            .size_limit(REGEX_SIZE_MAX)
            .build()
            .map(|regex| Test::Regex(Arc::new(regex)))
            .map_err(|error| {
                // The crate draws the expression over several lines; its last one says why.
                let text = error.to_string();
                let why = text.lines().last().unwrap_or_default().trim();
                let why = why.strip_prefix("error: ").unwrap_or(why);
                (
                    Code::Regex,
                    format!("the regular expression cannot be compiled: {why}"),
                )
            })
    }
}

/// A range in CIDR notation, or one address.
fn parse_network(text: &str) -> Option<IpNet> {
    let text = text.trim();
    let network: Option<IpNet> = text.parse().ok();
    network
        .or_else(|| text.parse::<std::net::IpAddr>().ok().map(IpNet::from))
        .map(|network| network.trunc())
}
