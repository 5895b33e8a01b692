//! `parse_user_agent`: browser, operating system and device of a user agent string, by the rules of uap-core.
//!
//! Of each kind the first rule counts whose pattern is found. A rule's pattern is compiled when a string first comes to it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{LazyLock, OnceLock};

use regex::{Captures, Regex, RegexBuilder};
use serde_json::{Map, Value, json};

use super::regex_fn::text;
use super::{Call, Kernel, lenient};
use crate::values::{Datum, dynamic};

pub(super) const KERNELS: &[Kernel] = &[lenient(&["parse_user_agent"], parse)];

/// The family of what no rule knows.
const UNKNOWN: &str = "Other";

/// Longest text that is looked at, and how many answers a thread keeps: the same strings come again and again.
const LENGTH_MAX: usize = 2_048;
const KEPT_MAX: usize = 1_024;

struct Rule {
    /// The pattern and what it is replaced with, by the names of uap-core.
    spec: Value,
    compiled: OnceLock<Option<Regex>>,
}

struct Rules {
    browsers: Vec<Rule>,
    systems: Vec<Rule>,
    devices: Vec<Rule>,
}

static RULES: LazyLock<Rules> = LazyLock::new(|| {
    let text = include_str!("../../data/uap-core/regexes.json");
    let all: Value = serde_json::from_str(text).unwrap_or(Value::Null);
    let list = |name: &str| {
        let rules = all.get(name).and_then(Value::as_array);
        let rule = |spec: &Value| Rule {
            spec: spec.clone(),
            compiled: OnceLock::new(),
        };
        rules.into_iter().flatten().map(rule).collect()
    };
    Rules {
        browsers: list("user_agent_parsers"),
        systems: list("os_parsers"),
        devices: list("device_parsers"),
    }
});

impl Rule {
    fn text(&self, name: &str) -> Option<&str> {
        self.spec.get(name).and_then(Value::as_str)
    }

    fn pattern(&self) -> Option<&Regex> {
        let compile = || {
            RegexBuilder::new(&plain(self.text("regex")?))
                .case_insensitive(self.text("regex_flag") == Some("i"))
                .build()
                .ok()
        };
        self.compiled.get_or_init(compile).as_ref()
    }

    /// What a replacement says with the groups it names put in; without one, the group of this number.
    fn value(&self, found: &Captures<'_>, replacement: &str, group: Option<usize>) -> String {
        let part = |group: usize| found.get(group).map_or("", |found| found.as_str());
        let Some(template) = self.text(replacement) else {
            return group.map_or(String::new(), |group| part(group).trim().to_owned());
        };
        let mut out = String::new();
        let mut rest = template.chars();
        while let Some(c) = rest.next() {
            let mut ahead = rest.clone();
            let digit = ahead.next().and_then(|next| next.to_digit(10));
            match (c, digit.and_then(|digit| usize::try_from(digit).ok())) {
                ('$', Some(group)) => {
                    out.push_str(part(group));
                    rest = ahead;
                }
                _ => out.push(c),
            }
        }
        out.trim().to_owned()
    }
}

/// The pattern with ASCII classes and without upper bounds of long repetitions: the texts are short, and counting and
/// Unicode's tables would take a hundred times the memory.
fn plain(pattern: &str) -> String {
    static BOUNDED: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"\{([01]),\d{2,}\}").ok());
    let open = BOUNDED.as_ref().map_or_else(
        || pattern.to_owned(),
        |bounded| {
            let by = |found: &Captures<'_>| match found.get(1).map(|least| least.as_str()) {
                Some("0") => "*",
                _ => "+",
            };
            bounded.replace_all(pattern, by).into_owned()
        },
    );
    let (mut out, mut in_class) = (String::with_capacity(open.len()), false);
    let mut chars = open.chars();
    while let Some(c) = chars.next() {
        match (c, in_class) {
            ('\\', _) => match (chars.next(), in_class) {
                (Some('d'), true) => out.push_str("0-9"),
                (Some('d'), false) => out.push_str("[0-9]"),
                (Some('w'), true) => out.push_str("A-Za-z0-9_"),
                (Some('w'), false) => out.push_str("[A-Za-z0-9_]"),
                (Some(other), _) => out.extend(['\\', other]),
                (None, _) => out.push('\\'),
            },
            ('[', false) => {
                in_class = true;
                out.push('[');
            }
            // A bracket in a class stands for itself there.
            ('[', true) => out.push_str(r"\["),
            (']', true) => {
                in_class = false;
                out.push(']');
            }
            _ => out.push(c),
        }
    }
    out
}

fn first<'r, 't>(rules: &'r [Rule], agent: &'t str) -> Option<(&'r Rule, Captures<'t>)> {
    rules.iter().find_map(|rule| {
        let found = rule.pattern()?.captures(agent)?;
        Some((rule, found))
    })
}

fn browser(agent: &str) -> Value {
    let values = match first(&RULES.browsers, agent) {
        Some((rule, found)) => [
            rule.value(&found, "family_replacement", Some(1)),
            rule.value(&found, "v1_replacement", Some(2)),
            rule.value(&found, "v2_replacement", Some(3)),
            rule.value(&found, "v3_replacement", Some(4)),
        ],
        None => [UNKNOWN, "", "", ""].map(str::to_owned),
    };
    let [family, major, minor, patch] = values;
    json!({"Family": family, "MajorVersion": major, "MinorVersion": minor, "Patch": patch})
}

fn system(agent: &str) -> Value {
    let values = match first(&RULES.systems, agent) {
        Some((rule, found)) => [
            rule.value(&found, "os_replacement", Some(1)),
            rule.value(&found, "os_v1_replacement", Some(2)),
            rule.value(&found, "os_v2_replacement", Some(3)),
            rule.value(&found, "os_v3_replacement", Some(4)),
            rule.value(&found, "os_v4_replacement", Some(5)),
        ],
        None => [UNKNOWN, "", "", "", ""].map(str::to_owned),
    };
    let [family, major, minor, patch, patch_minor] = values;
    json!({
        "Family": family, "MajorVersion": major, "MinorVersion": minor, "Patch": patch,
        "PatchMinor": patch_minor,
    })
}

fn device(agent: &str) -> Value {
    let values = match first(&RULES.devices, agent) {
        Some((rule, found)) => [
            rule.value(&found, "device_replacement", Some(1)),
            rule.value(&found, "brand_replacement", None),
            rule.value(&found, "model_replacement", Some(1)),
        ],
        None => [UNKNOWN, "", ""].map(str::to_owned),
    };
    let [family, brand, model] = values;
    json!({"Family": family, "Brand": brand, "Model": model})
}

/// What to look for, and what its part of the answer is called.
type Part = (&'static str, &'static str, fn(&str) -> Value);

const PARTS: [Part; 3] = [
    ("browser", "Browser", browser),
    ("os", "OperatingSystem", system),
    ("device", "Device", device),
];

thread_local! {
    static KEPT: RefCell<HashMap<(&'static str, String), Value>> = RefCell::new(HashMap::new());
}

fn part((name, _, read): Part, agent: &str) -> Value {
    KEPT.with_borrow_mut(|kept| {
        let key = (name, agent.to_owned());
        if let Some(known) = kept.get(&key) {
            return known.clone();
        }
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        kept.entry(key).or_insert_with(|| read(agent)).clone()
    })
}

/// What to look for is a name, or an array of names; everything when nothing is said. Null for no name that is known.
fn parse<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let agent = text(args, 0);
    let mut end = agent.len().min(LENGTH_MAX);
    while !agent.is_char_boundary(end) {
        end -= 1;
    }
    let agent = agent.get(..end).unwrap_or(agent);
    let wanted: Option<Vec<String>> = match args.get(1).map(dynamic::to_json) {
        None => None,
        Some(Value::Array(names)) => Some(names.iter().map(dynamic::to_plain_text).collect()),
        Some(name) => Some(vec![dynamic::to_plain_text(&name)]),
    };
    let wants = |name: &str| match &wanted {
        Some(wanted) => wanted.iter().any(|w| w.eq_ignore_ascii_case(name)),
        None => true,
    };
    let mut found = Map::new();
    for asked in PARTS.into_iter().filter(|(name, ..)| wants(name)) {
        found.insert(asked.1.to_owned(), part(asked, agent));
    }
    if agent.is_empty() || found.is_empty() {
        return Datum::Null;
    }
    Datum::json(&Value::Object(found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_compiles() {
        let all = [&RULES.browsers, &RULES.systems, &RULES.devices];
        assert!(all.iter().all(|rules| rules.len() > 100));
        for rule in all.into_iter().flatten() {
            assert!(rule.pattern().is_some(), "{}", rule.spec);
        }
    }
}
