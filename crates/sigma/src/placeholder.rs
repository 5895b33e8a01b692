//! Placeholders (`expand`): values that the rule's author left to its user.

use std::collections::BTreeSet;

use crate::detection::{Detection, Item, Term, Test};
use crate::pattern::Pattern;
use crate::ruleset::Placeholders;

/// Most placeholders in one value.
const NAMES_MAX: usize = 8;
/// Most patterns one value may expand to.
const EXPANSIONS_MAX: usize = 100_000;

/// Replaces placeholders by their values; values are literal text. Returns the names without
/// values, whose tests stay as they are and match nothing.
pub(crate) fn expand(detection: &mut Detection, values: &Placeholders) -> BTreeSet<String> {
    let mut missing = BTreeSet::new();
    for selection in &mut detection.selections {
        expand_term(&mut selection.term, values, &mut missing);
    }
    missing
}

fn expand_term(term: &mut Term, values: &Placeholders, missing: &mut BTreeSet<String>) {
    match term {
        Term::All(terms) | Term::Any(terms) => {
            terms
                .iter_mut()
                .for_each(|term| expand_term(term, values, missing));
        }
        Term::Item(item) => expand_item(item, values, missing),
    }
}

fn expand_item(item: &mut Item, values: &Placeholders, missing: &mut BTreeSet<String>) {
    for value in &mut item.values {
        let mut tests = Vec::with_capacity(value.tests.len());
        for test in std::mem::take(&mut value.tests) {
            match test {
                Test::Text { pattern, cased } if pattern.placeholders().next().is_some() => {
                    let patterns = expand_pattern(pattern, values, missing);
                    tests.extend(
                        patterns
                            .into_iter()
                            .map(|pattern| Test::Text { pattern, cased }),
                    );
                }
                test => tests.push(test),
            }
        }
        value.tests = tests;
    }
}

fn expand_pattern(
    pattern: Pattern,
    values: &Placeholders,
    missing: &mut BTreeSet<String>,
) -> Vec<Pattern> {
    let Some(name) = pattern.placeholders().next().map(str::to_owned) else {
        return vec![pattern];
    };
    if pattern.placeholders().count() > NAMES_MAX {
        missing.insert(name);
        return vec![pattern];
    }
    let Some(of_name) = values.get(&name).filter(|of_name| !of_name.is_empty()) else {
        missing.insert(name);
        return vec![pattern];
    };
    let mut expanded = Vec::new();
    for value in of_name {
        let one = pattern.replace_placeholder(&name, &Pattern::literal(value));
        expanded.extend(expand_pattern(one, values, missing));
        if expanded.len() > EXPANSIONS_MAX {
            // Two long lists in one value: refuse it like a list without values.
            missing.insert(name);
            return vec![pattern];
        }
    }
    expanded
}
