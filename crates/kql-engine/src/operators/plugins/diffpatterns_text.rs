//! `diffpatterns_text`: sequences of words that are more frequent in the texts of one set of rows than in another's.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::RecordBatch;
use datafusion::error::Result;
use kql::types::Type;

use crate::operators::rows::{Cancel, Output, PluginCall, Table, bad_argument};
use crate::values::{Datum, convert};

/// What stands for any words.
const WILDCARD: &str = "*";

/// Most patterns that are told apart; what makes them is every pair of as many texts.
const PATTERNS_MAX: usize = 2_000;
const TEXTS_MAX: usize = 200;

/// The words of a text and how many rows of each set have it.
struct Text {
    words: Vec<String>,
    with: u32,
    without: u32,
}

/// Words with wildcards between, before and after them, where some texts have others.
type Pattern = Vec<String>;

/// `diffpatterns_text(text, condition, [min_tokens, threshold, max_tokens])`: patterns of at least `min_tokens` words among
/// the first `max_tokens` of a text whose share of the rows for which the condition holds differs from that of the others
/// by at least the threshold.
pub(super) fn diffpatterns_text(
    call: &PluginCall,
    batch: &RecordBatch,
    cancel: &Cancel,
) -> Result<Output> {
    let least = number(call, 2, 1, 0..=200)?.max(1);
    let most = number(call, 4, 20, 0..=20)?;
    let threshold = call.constant(3).map_or(Some(0.05), Datum::as_f64);
    let threshold = threshold
        .filter(|share| (0.015..=1.0).contains(share))
        .ok_or_else(|| {
            bad_argument("the threshold of `diffpatterns_text` is a share from 0.015 to 1")
        })?;
    let texts = read(call, batch, most, cancel)?;
    let total = |count: fn(&Text) -> u32| f64::from(texts.iter().map(count).sum::<u32>());
    let (all_with, all_without) = (total(|t| t.with), total(|t| t.without));
    let mut found = Vec::new();
    for pattern in candidates(&texts, least, cancel)? {
        cancel.check()?;
        let rows: Vec<usize> = (0..texts.len())
            .filter(|at| texts.get(*at).is_some_and(|t| fits(&pattern, &t.words)))
            .collect();
        let sum = |count: fn(&Text) -> u32| -> u32 {
            rows.iter().filter_map(|at| texts.get(*at)).map(count).sum()
        };
        let (with, without) = (sum(|t| t.with), sum(|t| t.without));
        let share = |part: u32, whole: f64| f64::from(part) / whole.max(1.0);
        let shares = (share(with, all_with), share(without, all_without));
        if (shares.0 - shares.1).abs() >= threshold {
            found.push((pattern, rows, (with, without), shares));
        }
    }
    // Of patterns of the same texts the one that says most.
    let mut best: BTreeMap<Vec<usize>, usize> = BTreeMap::new();
    for (at, (pattern, rows, ..)) in found.iter().enumerate() {
        let known = best.entry(rows.clone()).or_insert(at);
        let said = found.get(*known).map_or(0, |(known, ..)| n_words(known));
        if n_words(pattern) > said {
            *known = at;
        }
    }
    let mut kept: Vec<_> = best.into_values().filter_map(|at| found.get(at)).collect();
    let difference = |shares: (f64, f64)| (shares.0 - shares.1).abs();
    kept.sort_by(|(a, .., x), (b, .., y)| {
        difference(*y)
            .total_cmp(&difference(*x))
            .then_with(|| a.cmp(b))
    });
    let mut table = Table::new([
        ("Count_of_True".to_owned(), Type::Long),
        ("Count_of_False".to_owned(), Type::Long),
        ("Percent_of_True".to_owned(), Type::Real),
        ("Percent_of_False".to_owned(), Type::Real),
        ("Pattern".to_owned(), Type::String),
    ]);
    let percent = |share: f64| Datum::Real((share * 10_000.0).round() / 100.0);
    for (pattern, _, (with, without), shares) in kept {
        table.push([
            Datum::Long(i64::from(*with)),
            Datum::Long(i64::from(*without)),
            percent(shares.0),
            percent(shares.1),
            Datum::string(pattern.join(" ")),
        ])?;
    }
    Ok(table.finish())
}

fn number(
    call: &PluginCall,
    at: usize,
    default: usize,
    range: std::ops::RangeInclusive<usize>,
) -> Result<usize> {
    let Some(value) = call.constant(at) else {
        return Ok(default);
    };
    let given = value.as_i64().and_then(|n| usize::try_from(n).ok());
    given.filter(|n| range.contains(n)).ok_or_else(|| {
        let name = &call.plugin;
        bad_argument(format!(
            "argument {} of `{name}` is a number from {} to {}",
            at + 1,
            range.start(),
            range.end()
        ))
    })
}

/// The different texts, the most frequent first.
fn read(
    call: &PluginCall,
    batch: &RecordBatch,
    most_words: usize,
    cancel: &Cancel,
) -> Result<Vec<Text>> {
    let (texts, holds) = (call.column(0)?.read(batch)?, call.column(1)?.read(batch)?);
    let mut counts: BTreeMap<Vec<String>, (u32, u32)> = BTreeMap::new();
    for row in 0..batch.num_rows() {
        cancel.check()?;
        let text = convert::to_text(&texts.get(row)).into_owned();
        let words = text.split_whitespace().take(most_words);
        let count = counts.entry(words.map(str::to_owned).collect());
        let count = count.or_default();
        match convert::to_type(&holds.get(row), Type::Bool) {
            Datum::Bool(true) => count.0 = count.0.saturating_add(1),
            _ => count.1 = count.1.saturating_add(1),
        }
    }
    let text = |(words, (with, without))| Text {
        words,
        with,
        without,
    };
    let mut texts: Vec<Text> = counts.into_iter().map(text).collect();
    texts.sort_by_key(|text| std::cmp::Reverse(u64::from(text.with) + u64::from(text.without)));
    Ok(texts)
}

/// Each text, and what each two of the most frequent ones have in common.
fn candidates(texts: &[Text], least: usize, cancel: &Cancel) -> Result<BTreeSet<Pattern>> {
    let mut patterns: BTreeSet<Pattern> = BTreeSet::new();
    let frequent = texts.get(..TEXTS_MAX.min(texts.len())).unwrap_or_default();
    for (at, first) in frequent.iter().enumerate() {
        for second in frequent.iter().skip(at) {
            cancel.check()?;
            let pattern = common(&first.words, &second.words);
            if n_words(&pattern) >= least {
                patterns.insert(pattern);
            }
            if patterns.len() >= PATTERNS_MAX {
                return Ok(patterns);
            }
        }
    }
    Ok(patterns)
}

fn n_words(pattern: &[String]) -> usize {
    pattern.iter().filter(|word| *word != WILDCARD).count()
}

/// The longest sequence of words that both have, with wildcards where either has more.
fn common(a: &[String], b: &[String]) -> Pattern {
    // Lengths of the longest common sequences of what follows.
    let mut length = vec![vec![0usize; b.len() + 1]; a.len() + 1];
    let at = |length: &[Vec<usize>], i: usize, j: usize| {
        let row = length.get(i);
        row.and_then(|row| row.get(j)).copied().unwrap_or(0)
    };
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            let longest = if a.get(i) == b.get(j) {
                at(&length, i + 1, j + 1) + 1
            } else {
                at(&length, i + 1, j).max(at(&length, i, j + 1))
            };
            if let Some(place) = length.get_mut(i).and_then(|row| row.get_mut(j)) {
                *place = longest;
            }
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut pattern: Pattern = Vec::new();
    let mut skipped = false;
    while let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
        if x == y {
            if skipped {
                pattern.push(WILDCARD.to_owned());
            }
            skipped = false;
            pattern.push(x.clone());
            (i, j) = (i + 1, j + 1);
        } else {
            skipped = true;
            if at(&length, i + 1, j) >= at(&length, i, j + 1) {
                i += 1;
            } else {
                j += 1;
            }
        }
    }
    if skipped || i < a.len() || j < b.len() {
        pattern.push(WILDCARD.to_owned());
    }
    pattern
}

/// True when the words are the pattern's, any number of others where it has a wildcard.
fn fits(pattern: &[String], words: &[String]) -> bool {
    let mut parts = pattern.split(|word| word == WILDCARD);
    let Some(mut rest) = parts.next().and_then(|first| words.strip_prefix(first)) else {
        return false;
    };
    let mut last: Option<&[String]> = None;
    for part in parts {
        if let Some(part) = last.filter(|part| !part.is_empty()) {
            let Some(place) = rest.windows(part.len()).position(|window| window == part) else {
                return false;
            };
            rest = rest.get(place + part.len()..).unwrap_or_default();
        }
        last = Some(part);
    }
    match last {
        None => rest.is_empty(),
        Some(end) => rest.ends_with(end),
    }
}
