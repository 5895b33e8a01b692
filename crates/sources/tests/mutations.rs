//! Every source reads damaged copies of its own samples: no panic, no more records than the input
//! has room for, and in formats of one record a line no damage to a neighbour.

#![allow(clippy::unwrap_used)]

mod mutate;

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use mutate::{Damage, cases, damage, damaged};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::strategy::ValueTree as _;
use schema::{Event, RowsBuilder};
use sources::{
    Collected, DecodeContext, DecodeError, Limits, NamedInput, Source, Visit, by_name, registry,
    walk,
};

/// Bytes taken of one of the long sample files. EVTX needs its header and a chunk.
const TAKEN_TEXT: usize = 6 << 10;
const TAKEN_EVTX: usize = 68 << 10;

/// An input that a source reads, inflated.
struct Sample {
    source: &'static dyn Source,
    name: String,
    bytes: Vec<u8>,
}

fn context() -> DecodeContext<'static> {
    DecodeContext {
        limits: Limits {
            max_record_bytes: 40 << 10,
            ..Limits::default()
        },
        ..DecodeContext::new("2026-03-06T12:00:00Z".parse().unwrap())
    }
}

fn read(paths: &[PathBuf], visit: &mut dyn FnMut(&str, &mut dyn Read)) {
    let _ = walk(paths, &Limits::default(), &mut io::empty(), &mut |found| {
        if let Visit::Input(mut opened) = found {
            let name = opened.input.name().to_owned();
            visit(&name, &mut opened.input);
        }
        ControlFlow::Continue(())
    });
}

/// The samples in the folders of the sources: whole, and at least one for each.
fn own_samples() -> Vec<Sample> {
    let mut all = Vec::new();
    for source in registry() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("src")
            .join(source.spec().name)
            .join("samples");
        let before = all.len();
        read(&[folder], &mut |name, input| {
            let mut bytes = Vec::new();
            input.read_to_end(&mut bytes).unwrap();
            all.push(Sample {
                source: *source,
                name: name.to_owned(),
                bytes,
            });
        });
        assert!(
            all.len() > before,
            "{} has no sample: it is not tested here",
            source.spec().name
        );
    }
    all
}

/// The beginning of one file of each kind of the sample intrusion.
fn intrusion_samples() -> Vec<Sample> {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../samples/hybrid-intrusion"
    );
    let mut found: BTreeMap<(&str, String), Sample> = BTreeMap::new();
    read(&[PathBuf::from(folder)], &mut |name, input| {
        let mut bytes = Vec::new();
        input
            .take(TAKEN_EVTX as u64)
            .read_to_end(&mut bytes)
            .unwrap();
        let Some(source) = sources::detect(&bytes, name) else {
            return;
        };
        if source.spec().name != "windows_evtx" {
            bytes.truncate(TAKEN_TEXT);
        }
        let kind = Path::new(name)
            .extension()
            .map(|kind| kind.to_string_lossy().into_owned());
        let sample = Sample {
            source,
            name: name.to_owned(),
            bytes,
        };
        found
            .entry((source.spec().name, kind.unwrap_or_default()))
            .or_insert(sample);
    });
    assert!(found.len() >= 6, "{} kinds of samples", found.len());
    found.into_values().collect()
}

static SAMPLES: LazyLock<Vec<Sample>> = LazyLock::new(|| {
    let mut all = own_samples();
    all.extend(intrusion_samples());
    all
});

fn decode(source: &dyn Source, bytes: &[u8]) -> (Collected, Result<(), DecodeError>) {
    let mut out = Collected::default();
    let result = source.decode(
        &mut NamedInput::from_bytes("t", bytes),
        &context(),
        &mut out,
    );
    (out, result)
}

/// What holds of every decoding, whatever the bytes.
fn check(sample: &Sample, bytes: &[u8]) {
    let name = sample.source.spec().name;
    for source in registry() {
        let _ = source.sniff(&bytes[..bytes.len().min(sources::HEAD_BYTES)], &sample.name);
    }
    let (out, result) = decode(sample.source, bytes);
    if let Err(error) = result {
        assert!(!error.to_string().is_empty());
    }
    assert!(
        out.events.len() + out.rejects.len() <= bytes.len(),
        "{name}: {} events and {} rejects of {} bytes",
        out.events.len(),
        out.rejects.len(),
        bytes.len()
    );
    let kept: usize = out.rejects.iter().map(|reject| reject.raw.len()).sum();
    assert!(
        kept <= bytes.len(),
        "{name}: rejects hold {kept} bytes of {}",
        bytes.len()
    );
    for reject in &out.rejects {
        assert!(!reject.reason.is_empty(), "{name}");
    }
    let positions = out.events.iter().map(|event| &event.position);
    for position in positions.chain(out.rejects.iter().map(|reject| &reject.position)) {
        let within = position
            .byte_offset
            .is_none_or(|at| at < bytes.len() as u64);
        assert!(within, "{name}: {position:?} of {} bytes", bytes.len());
    }
    for mut event in out.events {
        event.finish(context().received, "tenant", "item");
        let mut rows = RowsBuilder::new(event.row.table().clone(), true);
        rows.push_event(&event);
        assert_eq!(rows.finish().unwrap().num_rows(), 1, "{name}");
    }
}

/// An event without its position: equal for the same record wherever it stands.
fn meaning(event: &Event) -> String {
    let (cells, extra) = event.row.parts();
    let table = &event.row.table().name;
    let native = &event.native;
    format!(
        "{table} {cells:?} {extra:?} {:?} {native:?} {:?}",
        event.time, event.log_source
    )
}

/// Lines that are whole records, with what each gives by itself, by source.
static LINES: LazyLock<Vec<(&'static dyn Source, Vec<Line>)>> = LazyLock::new(|| {
    let mut all: BTreeMap<&str, Vec<Line>> = BTreeMap::new();
    for sample in SAMPLES.iter().filter(|sample| is_line_wise(&sample.name)) {
        let lines = all.entry(sample.source.spec().name).or_default();
        for text in sample.bytes.split_inclusive(|byte| *byte == b'\n').take(20) {
            let text = text.trim_ascii_end();
            let (out, result) = decode(sample.source, text);
            if result.is_ok() && out.rejects.is_empty() && out.events.len() == 1 {
                lines.push(Line {
                    text: text.to_vec(),
                    meaning: meaning(&out.events[0]),
                });
            }
        }
    }
    all.into_iter()
        .map(|(name, lines)| (by_name(name).unwrap(), lines))
        .collect()
});

struct Line {
    text: Vec<u8>,
    meaning: String,
}

fn is_line_wise(name: &str) -> bool {
    [".jsonl", ".ndjson", ".log", ".log.gz"]
        .iter()
        .any(|end| name.ends_with(end))
}

#[test]
fn formats_of_one_record_a_line_are_among_the_samples() {
    let names: Vec<&str> = LINES.iter().map(|(source, _)| source.spec().name).collect();
    for name in [
        "syslog",
        "cef_syslog",
        "generic_json",
        "table_rows",
        "aws_guardduty",
        "windows_json",
    ] {
        assert!(names.contains(&name), "{name} is not in {names:?}");
    }
    for (source, lines) in &*LINES {
        assert!(!lines.is_empty(), "{}", source.spec().name);
    }
}

/// Whether each of `wanted` is among `found`, in the same order.
fn are_in_order<'a>(wanted: &[&'a str], found: impl Iterator<Item = &'a str>) -> bool {
    let mut wanted = wanted.iter().peekable();
    for one in found {
        wanted.next_if(|next| **next == one);
    }
    wanted.peek().is_none()
}

proptest! {
    #![proptest_config(cases(4))]

    /// Every sample at every case: each source is met however few the cases are.
    #[test]
    fn damaged_samples_never_panic_and_give_no_more_than_they_hold(
        damage in prop::collection::vec(damage(), 1..6),
        other in any::<Index>(),
    ) {
        let other = &SAMPLES[other.index(SAMPLES.len())].bytes;
        for sample in &*SAMPLES {
            check(sample, &damaged(&sample.bytes, other, &damage));
        }
    }
}

proptest! {
    #![proptest_config(cases(1))]

    #[test]
    fn a_damaged_line_takes_no_other_line_with_it(
        order in prop::collection::vec(any::<Index>(), 1..8),
        place in any::<Index>(),
        victim in any::<Index>(),
        damage in prop::collection::vec(damage(), 1..4),
    ) {
        for (source, lines) in &*LINES {
            let chosen: Vec<&Line> = order.iter().map(|at| &lines[at.index(lines.len())]).collect();
            let victim = &lines[victim.index(lines.len())].text;
            let broken = damaged(victim, victim, &damage);
            let mut texts: Vec<&[u8]> = chosen.iter().map(|line| line.text.as_slice()).collect();
            texts.insert(place.index(chosen.len() + 1), &broken);
            let bytes = texts.join(&b'\n');
            let (out, _) = decode(*source, &bytes);
            let found: Vec<String> = out.events.iter().map(meaning).collect();
            let wanted: Vec<&str> = chosen.iter().map(|line| line.meaning.as_str()).collect();
            prop_assert!(
                are_in_order(&wanted, found.iter().map(String::as_str)),
                "{}: {} of {} lines are left beside {:?}",
                source.spec().name,
                found.len(),
                wanted.len(),
                String::from_utf8_lossy(&broken)
            );
        }
    }
}

/// A damage of each kind is damage: otherwise the properties above would show nothing.
#[test]
fn every_kind_of_damage_changes_the_bytes() {
    let bytes = b"{\"a\":1}\n{\"b\":22}\n{\"c\":3}\n";
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let strategy = damage();
    let mut changed: BTreeMap<String, bool> = BTreeMap::new();
    for _ in 0..400 {
        let damage: Damage = strategy.new_tree(&mut runner).unwrap().current();
        let kind = format!("{damage:?}");
        let kind = kind.split(' ').next().unwrap().to_owned();
        *changed.entry(kind).or_default() |= damage.apply(bytes, b"other") != bytes;
    }
    assert_eq!(changed.len(), 8, "{changed:?}");
    assert!(changed.values().all(|changed| *changed), "{changed:?}");
}
