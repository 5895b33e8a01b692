//! Rows in CSV: what a proper writer wrote reads back, and a broken line costs itself only.

#![allow(clippy::unwrap_used)]

mod mutate;

use csv::{QuoteStyle, Terminator, WriterBuilder};
use mutate::{cases, damage, damaged};
use proptest::prelude::*;
use serde_json::{Map, Value as Json};
use sources::{Collected, DecodeContext, NamedInput, by_name};

const NAMES: &[&str] = &[
    "TimeGenerated",
    "SyslogMessage",
    "Size",
    "a b",
    "x-y",
    "n.1",
    "Größe",
    "$v",
    "Computer",
];

/// How a file is written.
#[derive(Debug, Clone)]
struct Style {
    quotes: QuoteStyle,
    crlf: bool,
    mark: bool,
    last_line_ends: bool,
}

fn style() -> impl Strategy<Value = Style> {
    let quotes = prop_oneof![
        Just(QuoteStyle::Necessary),
        Just(QuoteStyle::Always),
        Just(QuoteStyle::NonNumeric),
    ];
    (quotes, any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
        |(quotes, crlf, mark, last_line_ends)| Style {
            quotes,
            crlf,
            mark,
            last_line_ends,
        },
    )
}

fn written(style: &Style, records: &[Vec<String>]) -> Vec<u8> {
    let mut writer = WriterBuilder::new()
        .quote_style(style.quotes)
        .terminator(if style.crlf {
            Terminator::CRLF
        } else {
            Terminator::Any(b'\n')
        })
        .from_writer(if style.mark {
            b"\xef\xbb\xbf".to_vec()
        } else {
            Vec::new()
        });
    for record in records {
        writer.write_record(record).unwrap();
    }
    let mut bytes = writer.into_inner().unwrap();
    if !style.last_line_ends {
        let end = bytes.trim_ascii_end().len();
        // Only the line break goes: a last value may itself end in blanks.
        if bytes[end..] == *b"\n" || bytes[end..] == *b"\r\n" {
            bytes.truncate(end);
        }
    }
    bytes
}

fn decode(bytes: &[u8]) -> Collected {
    let ctx = DecodeContext {
        table: Some("Syslog".to_owned()),
        ..DecodeContext::new("2026-03-06T12:00:00Z".parse().unwrap())
    };
    let mut out = Collected::default();
    let source = by_name("table_rows").unwrap();
    source
        .decode(&mut NamedInput::from_bytes("t.csv", bytes), &ctx, &mut out)
        .unwrap();
    out
}

/// The record as the decoder hands it on: members that are empty say nothing.
fn members(names: &[String], values: &[String]) -> Map<String, Json> {
    names
        .iter()
        .zip(values)
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name.clone(), Json::from(value.as_str())))
        .collect()
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-z0-9 .:-]{0,10}",
        3 => "[a,\"\n\r;' \t]{0,8}",
        1 => "\\PC{0,8}",
        1 => Just("2026-03-01T10:00:00Z".to_owned()),
    ]
}

fn table() -> impl Strategy<Value = (Vec<String>, Vec<Vec<String>>)> {
    let names = prop::sample::subsequence(NAMES.to_vec(), 2..=NAMES.len());
    names.prop_flat_map(|names| {
        let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
        let row = prop::collection::vec(value(), names.len());
        (Just(names), prop::collection::vec(row, 0..12))
    })
}

proptest! {
    #![proptest_config(cases(1))]

    #[test]
    fn csv_of_a_proper_writer_reads_back_as_it_was_written(
        (names, rows) in table(),
        style in style(),
    ) {
        let records: Vec<Vec<String>> = std::iter::once(&names).chain(&rows).cloned().collect();
        let bytes = written(&style, &records);
        let out = decode(&bytes);
        prop_assert!(out.rejects.is_empty(), "{}", out.rejects[0].reason);
        let found: Vec<&Map<String, Json>> = out.events.iter().map(|event| &event.native).collect();
        let wanted: Vec<Map<String, Json>> = rows.iter().map(|row| members(&names, row)).collect();
        prop_assert_eq!(found, wanted.iter().collect::<Vec<_>>());
        for (event, row) in out.events.iter().zip(&rows) {
            if let Some(at) = names.iter().position(|name| name == "SyslogMessage") {
                prop_assert_eq!(event.row.text("SyslogMessage"), &row[at]);
            }
        }
    }

    /// Lines with a field too many or too few, with bytes that are no text, or with a quote in the
    /// middle of a field, which is a character like any other there.
    #[test]
    fn a_broken_line_is_one_reject_and_a_stray_quote_none(
        lines in prop::collection::vec(prop::sample::select(vec![
            ("2,good", true),
            ("\"3\",\"g\"\"o\nod\"", true),
            ("5\" disk,x", true),
            ("x,a \"b\" c", true),
            ("one", false),
            ("a,b,c", false),
            ("a,\u{fffd}", false),
        ]), 0..20),
    ) {
        let mut bytes = b"Size,SyslogMessage\n".to_vec();
        for (line, _) in &lines {
            // The replacement character stands for a byte that is no text.
            let raw: Vec<u8> = match line.split_once('\u{fffd}') {
                Some((before, _)) => [before.as_bytes(), b"\xff"].concat(),
                None => line.as_bytes().to_vec(),
            };
            bytes.extend_from_slice(&raw);
            bytes.push(b'\n');
        }
        let out = decode(&bytes);
        let good = lines.iter().filter(|(_, good)| *good).count();
        prop_assert_eq!((out.events.len(), out.rejects.len()), (good, lines.len() - good));
    }

    #[test]
    fn damaged_csv_never_panics_and_gives_no_more_than_it_holds(
        (names, rows) in table(),
        style in style(),
        damage in prop::collection::vec(damage(), 1..5),
    ) {
        let records: Vec<Vec<String>> = std::iter::once(&names).chain(&rows).cloned().collect();
        let bytes = damaged(&written(&style, &records), b"a,b\n\"c", &damage);
        let ctx = DecodeContext::new("2026-03-06T12:00:00Z".parse().unwrap());
        let mut out = Collected::default();
        let _ = by_name("table_rows").unwrap().decode(
            &mut NamedInput::from_bytes("t.csv", &bytes),
            &ctx,
            &mut out,
        );
        prop_assert!(out.events.len() + out.rejects.len() <= bytes.len());
    }
}
