//! Real queries, cut at random words: what really follows is among what is offered once its first letter is typed.

#![allow(clippy::unwrap_used)]

mod support;

use std::collections::{BTreeMap, HashSet};

use kql::syntax::lexer::{Token, TokenKind, lex};
use kql::{BindOptions, Catalog, Dialect, complete, functions, operators};
use support::Workspace;

const OPTIONS: BindOptions = BindOptions {
    now: 638_000_000_000_000_000,
    dialect: Dialect::Sentinel,
};
/// Words asked about, of each query.
const WORDS: usize = 10;
/// Each how manieth query is looked at.
const EVERY: usize = 3;

/// Names that mean something whatever the query.
struct Names {
    tables: HashSet<String>,
    columns: HashSet<String>,
    functions: HashSet<&'static str>,
}

impl Names {
    fn of(catalog: &dyn Catalog) -> Self {
        let tables: HashSet<String> = catalog.table_names().into_iter().map(Into::into).collect();
        let defined = tables.iter().filter_map(|name| catalog.table(name));
        let columns = defined.flat_map(|table| {
            let names = table
                .columns
                .iter()
                .map(|(name, _)| name.as_str().to_owned());
            names.collect::<Vec<_>>()
        });
        Self {
            columns: columns.collect(),
            functions: functions::all()
                .iter()
                .map(|known| known.function.name)
                .collect(),
            tables,
        }
    }
}

/// A word of a query with its neighbours.
struct Words<'t> {
    text: &'t str,
    tokens: &'t [Token],
}

impl<'t> Words<'t> {
    fn at(&self, at: usize) -> &'t str {
        let token = self.tokens.get(at);
        token.map_or("", |token| &self.text[token.span.range()])
    }

    /// The whole word of an operator (`mv-expand`).
    fn dashed(&self, at: usize) -> String {
        let mut word = self.at(at).to_owned();
        let mut next = at + 1;
        while self.at(next) == "-" && self.tokens[next].span.end == self.tokens[next + 1].span.start
        {
            word = format!("{word}-{}", self.at(next + 1));
            next += 2;
        }
        word
    }

    /// What the token at `at` is called and what kind of thing it is; `None` for words of other kinds: keywords, names
    /// that are declared here, properties of dynamic values, options and their values.
    fn subject(&self, at: usize, names: &Names) -> Option<(&'static str, String)> {
        let token = &self.tokens[at];
        let word = self.at(at);
        let before = at.checked_sub(1).map_or("", |at| self.at(at));
        let after = self.at(at + 1);
        let operator = self.dashed(at);
        if token.kind != TokenKind::Name {
            return None;
        }
        if before == "|" && operators::tabular(&operator).is_some() {
            return Some(("operator", operator));
        }
        let side = before == "." && matches!(self.at(at.wrapping_sub(2)), "$left" | "$right");
        let declared = after == "=" || matches!(before, "let" | "as") || after == ":";
        let option = before == "="
            && matches!(
                self.at(at.wrapping_sub(2)),
                "kind" | "strategy" | "withsource"
            );
        let keyword = !names.columns.contains(word) && operators::tabular(word).is_some();
        if declared || option || keyword || before == "-" && !names.columns.contains(word) {
            return None;
        }
        if before == "." && !side {
            return None;
        }
        let made = (1..at).any(|before| self.at(before) == word && self.at(before + 1) == "=");
        if after == "(" {
            let known = names.functions.contains(word) || made;
            return known.then(|| ("function", word.to_owned()));
        }
        if names.tables.contains(word)
            && matches!(before, "" | ";" | "(" | "," | "union" | "=" | "}")
        {
            return Some(("table", word.to_owned()));
        }
        (names.columns.contains(word) || made).then(|| ("column", word.to_owned()))
    }
}

#[test]
fn what_follows_is_offered_after_its_first_letter() {
    let Some(folder) = support::corpora() else {
        return;
    };
    let workspace = Workspace::load(&folder);
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut misses = Vec::new();
    let mut random = 12_345_u64;
    let queries = support::lines(&folder.join("kql-rules/queries.jsonl"));
    let clean = queries.iter().filter(|query| {
        let faults = query["official"]["semantic_errors"].as_array();
        faults.is_some_and(Vec::is_empty)
    });
    let [sentinel, defender] = workspace.catalogs();
    let names = [Names::of(sentinel), Names::of(defender)];
    for query in clean.step_by(EVERY) {
        let text = query["query"].as_str().unwrap();
        let dialect = usize::from(query["dialect"] == "defender-xdr");
        let catalog = [sentinel, defender][dialect];
        let tokens = lex(text, &mut Vec::new());
        let words = Words {
            text,
            tokens: &tokens,
        };
        for _ in 0..WORDS {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let at = usize::try_from(random >> 33).unwrap() % tokens.len();
            let Some((kind, name)) = words.subject(at, &names[dialect]) else {
                continue;
            };
            let first = text[tokens[at].span.range()].chars().next().unwrap();
            let cut = &text[..tokens[at].span.range().start + first.len_utf8()];
            let found = complete(cut, cut.len(), catalog, &OPTIONS);
            let (hits, total) = counts.entry(kind).or_default();
            *total += 1;
            if found.items.iter().any(|item| item.label == name) {
                *hits += 1;
            } else {
                let tail = cut.char_indices().rev().nth(60).map_or(0, |(at, _)| at);
                misses.push(format!(
                    "{kind} `{name}`: ...{:?} ({})",
                    &cut[tail..],
                    query["id"]
                ));
            }
        }
    }
    for miss in misses.iter().take(40) {
        println!("{miss}");
    }
    let (hits, total) = counts
        .values()
        .fold((0, 0), |(h, t), (a, b)| (h + a, t + b));
    println!("offered: {hits} of {total}; {counts:?}");
    assert!(total > 1_000 && hits * 100 > total * 97);
}
