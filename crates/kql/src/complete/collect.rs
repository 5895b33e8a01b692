//! Items that match the typed part, ranked.

use std::collections::HashSet;

use super::site::STAND_IN;
use super::{CompletionItem, CompletionKind};

/// How well a name fits the place: the least first. Below [`TIERS`].
pub(super) type Tier = u8;

/// How many tiers there are for each way of matching.
const TIERS: u8 = 40;

/// Gathers items.
pub(super) struct Collector<'p> {
    prefix: &'p str,
    lower: String,
    seen: HashSet<String>,
    items: Vec<CompletionItem>,
}

/// The texts of an item, made only for one that matches.
#[derive(Default)]
pub(super) struct Texts {
    /// Text to insert; the label when empty.
    pub(super) insert: String,
    /// Signature or type.
    pub(super) detail: String,
    /// Documentation.
    pub(super) doc: String,
}

impl<'p> Collector<'p> {
    pub(super) fn new(prefix: &'p str) -> Self {
        Self {
            prefix,
            lower: prefix.to_lowercase(),
            seen: HashSet::new(),
            items: Vec::new(),
        }
    }

    /// True when the typed part begins so, or nothing is typed yet.
    pub(super) fn typed(&self, start: &str) -> bool {
        !self.prefix.is_empty() && self.lower.starts_with(start)
    }

    /// Adds an item that matches what is typed, unless one of its name is there already.
    pub(super) fn add(
        &mut self,
        label: &str,
        kind: CompletionKind,
        tier: Tier,
        texts: impl FnOnce() -> Texts,
    ) {
        let Some(class) = self.class(label) else {
            return;
        };
        // A name that is missing, or being typed right here.
        if label.is_empty() || label == STAND_IN {
            return;
        }
        if !self.seen.insert(label.to_owned()) {
            return;
        }
        let Texts {
            mut insert,
            detail,
            doc,
        } = texts();
        if insert.is_empty() {
            label.clone_into(&mut insert);
        }
        self.items.push(CompletionItem {
            label: label.to_owned(),
            kind,
            insert,
            detail,
            doc,
            rank: class * TIERS + tier.min(TIERS - 1),
        });
    }

    /// How the label matches: 0 begins so, 1 but for case, 2 a word inside does, 3 holds it, 4 has its letters in order.
    /// The looser ways ask for more letters, so that answers stay small.
    fn class(&self, label: &str) -> Option<u8> {
        if label.starts_with(self.prefix) {
            return Some(0);
        }
        let lower = label.to_lowercase();
        if lower.starts_with(&self.lower) {
            return Some(1);
        }
        let letters = self.lower.chars().count();
        let mut holds = false;
        for (at, _) in lower.match_indices(&self.lower) {
            holds = true;
            if begins_word(label, at) {
                return Some(2);
            }
        }
        if holds && letters >= 2 {
            return Some(3);
        }
        (letters >= 3 && in_order(&self.lower, &lower)).then_some(4)
    }

    /// The best, and whether there were more.
    pub(super) fn finish(mut self, most: usize) -> (Vec<CompletionItem>, bool) {
        self.items.sort_by_key(|item| item.rank);
        let more = self.items.len() > most;
        self.items.truncate(most);
        (self.items, more)
    }
}

/// True at the start of a part of a name: `Name` in `UserName`, `max` in `arg_max`.
fn begins_word(label: &str, at: usize) -> bool {
    let before = label.get(..at).and_then(|head| head.chars().next_back());
    let here = label.get(at..).and_then(|tail| tail.chars().next());
    match (before, here) {
        (Some(before), Some(here)) => {
            !before.is_alphanumeric() || (here.is_uppercase() && !before.is_uppercase())
        }
        _ => true,
    }
}

fn in_order(part: &str, whole: &str) -> bool {
    let mut letters = whole.chars();
    part.chars()
        .all(|wanted| letters.any(|letter| letter == wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(prefix: &str, label: &str) -> Option<u8> {
        Collector::new(prefix).class(label)
    }

    #[test]
    fn the_closer_match_comes_first() {
        assert_eq!(class("", "Account"), Some(0));
        assert_eq!(class("Acc", "Account"), Some(0));
        assert_eq!(class("acc", "Account"), Some(1));
        assert_eq!(class("n", "UserName"), Some(2));
        assert_eq!(class("max", "arg_max"), Some(2));
        assert_eq!(class("ser", "UserName"), Some(3));
        assert_eq!(class("usn", "UserName"), Some(4));
        assert_eq!(class("s", "Username"), None);
        assert_eq!(class("nu", "UserName"), None);
    }
}
