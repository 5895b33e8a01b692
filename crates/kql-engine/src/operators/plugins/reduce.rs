//! `reduce`: similar texts as one pattern, after R. Vaarandi, "A Data Clustering Algorithm for Mining Patterns From Event
//! Logs": words that are frequent at their place make the pattern, everything else is a wildcard.

use std::collections::HashMap;

use arrow::array::RecordBatch;
use datafusion::error::Result;
use kql::types::Type;

use super::reshape::picked;
use crate::operators::rows::{Cancel, Made, Output, PluginCall, Table};
use crate::values::{ColumnBuilder, Datum, convert};

/// The share of rows a word has to be in, when none is given.
const THRESHOLD: f64 = 0.1;

/// A text cut into words, each with the separators after it.
struct Words<'t> {
    before: &'t str,
    words: Vec<(&'t str, &'t str)>,
}

fn words<'t>(text: &'t str, separates: &dyn Fn(char) -> bool) -> Words<'t> {
    let start = text.find(|c| !separates(c)).unwrap_or(text.len());
    let (before, mut rest) = text.split_at(start);
    let mut words = Vec::new();
    while !rest.is_empty() {
        let (word, tail) = rest.split_at(rest.find(separates).unwrap_or(rest.len()));
        let end = tail.find(|c| !separates(c)).unwrap_or(tail.len());
        let (gap, next) = tail.split_at(end);
        words.push((word, gap));
        rest = next;
    }
    Words { before, words }
}

/// The places and words of a text that are frequent.
type Shape = Vec<(usize, String)>;

struct Cluster {
    pattern: String,
    /// Words in every text so far; a text of another length makes the pattern end in a wildcard.
    length: Option<usize>,
    rows: Vec<usize>,
}

/// `reduce by text [with threshold = share, characters = separators]`.
pub(super) fn reduce(call: &PluginCall, batch: &RecordBatch, cancel: &Cancel) -> Result<Output> {
    let rows = batch.num_rows();
    let texts: Vec<String> = match call.constant(0) {
        Some(value) => vec![convert::to_text(value).into_owned(); rows],
        None => {
            let reader = call.column(0)?.read(batch)?;
            (0..rows)
                .map(|row| convert::to_text(&reader.get(row)).into_owned())
                .collect()
        }
    };
    let given = call.named("characters").map(|c| c.text().to_owned());
    let given = given.unwrap_or_default();
    let separates = |c: char| (c.is_ascii() && !c.is_ascii_alphanumeric()) || given.contains(c);
    let threshold = call.named("threshold").and_then(Datum::as_f64);
    let least = support(threshold.unwrap_or(THRESHOLD), rows);
    let mut frequent: HashMap<(usize, &str), usize> = HashMap::new();
    for text in &texts {
        cancel.check()?;
        for (place, (word, _)) in words(text, &separates).words.iter().enumerate() {
            *frequent.entry((place, word)).or_default() += 1;
        }
    }
    // A number stands for something that varies, however often it is the same.
    frequent.retain(|(_, word), n| *n >= least && !word.bytes().all(|b| b.is_ascii_digit()));
    let (mut clusters, mut others): (HashMap<Shape, Cluster>, Vec<usize>) = Default::default();
    for (row, text) in texts.iter().enumerate() {
        cancel.check()?;
        let cut = words(text, &separates);
        let known = |(place, word): &(usize, &str)| frequent.contains_key(&(*place, *word));
        let shape: Shape = cut
            .words
            .iter()
            .enumerate()
            .map(|(place, (word, _))| (place, *word))
            .filter(known)
            .map(|(place, word)| (place, word.to_owned()))
            .collect();
        if shape.is_empty() {
            others.push(row);
            continue;
        }
        let length = cut.words.len();
        let cluster = clusters.entry(shape).or_insert_with_key(|shape| Cluster {
            pattern: pattern(&cut, shape),
            length: Some(length),
            rows: Vec::new(),
        });
        cluster.length = cluster.length.filter(|known| *known == length);
        cluster.rows.push(row);
    }
    let mut kept: Vec<Cluster> = Vec::new();
    for (_, cluster) in clusters {
        if cluster.rows.len() >= least {
            kept.push(cluster);
        } else {
            others.extend(cluster.rows);
        }
    }
    kept.sort_by(|a, b| {
        let first = |cluster: &Cluster| cluster.rows.first().copied();
        (b.rows.len().cmp(&a.rows.len())).then(first(a).cmp(&first(b)))
    });
    for cluster in &mut kept {
        if cluster.length.is_none() && !cluster.pattern.ends_with('*') {
            cluster.pattern.push_str(" *");
        }
    }
    if !others.is_empty() {
        kept.push(Cluster {
            pattern: "others".to_owned(),
            length: None,
            rows: others,
        });
    }
    written(call, batch, &kept, &texts)
}

/// So many rows make a word or a pattern frequent; a single one never does.
fn support(threshold: f64, rows: usize) -> usize {
    #[allow(clippy::cast_precision_loss)]
    let least = (threshold * rows as f64).ceil();
    let least = crate::values::number::real_to_long(least).unwrap_or(i64::MAX);
    usize::try_from(least.max(2)).unwrap_or(usize::MAX)
}

/// The text with a wildcard for every word that is not in the shape. Letters that separate are left out beside one.
fn pattern(text: &Words<'_>, shape: &Shape) -> String {
    let mut out = text.before.to_owned();
    let mut known = shape.iter().peekable();
    for (place, (word, gap)) in text.words.iter().enumerate() {
        if known.next_if(|(at, _)| *at == place).is_some() {
            out.push_str(word);
        } else if !out.ends_with('*') {
            out.push('*');
        }
        if !gap.chars().any(char::is_alphanumeric) {
            out.push_str(gap);
        }
    }
    out
}

/// A row for each pattern; with the input's rows where the result keeps those.
fn written(
    call: &PluginCall,
    batch: &RecordBatch,
    clusters: &[Cluster],
    texts: &[String],
) -> Result<Output> {
    let columns = [
        ("Pattern", Type::String),
        ("Count", Type::Long),
        ("Representative", Type::String),
    ];
    let cells = |cluster: &Cluster| {
        let first = cluster.rows.first().and_then(|row| texts.get(*row));
        let shown = first.filter(|_| cluster.pattern != "others");
        [
            Datum::string(cluster.pattern.clone()),
            Datum::Long(i64::try_from(cluster.rows.len()).unwrap_or(i64::MAX)),
            Datum::string(shown.cloned().unwrap_or_default()),
        ]
    };
    if call.named("kind").is_none() {
        let mut table = Table::new(columns.map(|(name, ty)| (name.to_owned(), ty)));
        for cluster in clusters {
            table.push(cells(cluster))?;
        }
        return Ok(table.finish());
    }
    let mut of_row = vec![0; batch.num_rows()];
    for (at, cluster) in clusters.iter().enumerate() {
        for row in &cluster.rows {
            if let Some(slot) = of_row.get_mut(*row) {
                *slot = at;
            }
        }
    }
    let rows: Vec<usize> = (0..batch.num_rows()).collect();
    let (mut made, n_rows) = picked(call, batch, &rows)?;
    for (place, (name, ty)) in columns.into_iter().enumerate() {
        let mut column = ColumnBuilder::new(ty, n_rows);
        for at in &of_row {
            let cells = clusters.get(*at).map(cells);
            column.push(
                cells
                    .as_ref()
                    .and_then(|c| c.get(place))
                    .unwrap_or(&Datum::Null),
            );
        }
        made.push(Made {
            title: name.to_owned(),
            ty,
            array: column.finish(),
        });
    }
    Ok((made, n_rows))
}
