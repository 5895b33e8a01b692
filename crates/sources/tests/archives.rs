//! Compressed files and archives, damaged: no panic, never more bytes than the limits allow, and
//! what was not damaged comes through as it was.

#![allow(clippy::unwrap_used)]

mod mutate;

use std::collections::BTreeMap;
use std::io::{self, Cursor, Read, Write};
use std::ops::ControlFlow;
use std::path::Path;

use mutate::{cases, damage, damaged};
use proptest::prelude::*;
use proptest::sample::Index;
use sources::{Limits, Visit, open_stream, walk};

/// Bytes that one compressed file may give.
const INFLATED_MAX: u64 = 32 << 10;

fn limits() -> Limits {
    Limits {
        max_inflated_bytes: INFLATED_MAX,
        ..Limits::default()
    }
}

/// How bytes are wrapped.
#[derive(Debug, Clone, Copy)]
enum Wrap {
    Gzip,
    Zstd,
    Zip,
}

fn wrapped(wrap: Wrap, bytes: &[u8]) -> Vec<u8> {
    match wrap {
        Wrap::Gzip => {
            let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            out.write_all(bytes).unwrap();
            out.finish().unwrap()
        }
        Wrap::Zstd => {
            let mut out = zstd::Encoder::new(Vec::new(), 1).unwrap();
            out.include_checksum(true).unwrap();
            out.write_all(bytes).unwrap();
            out.finish().unwrap()
        }
        Wrap::Zip => zipped(&[("member", bytes)]),
    }
}

fn zipped(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        archive
            .start_file(*name, zip::write::SimpleFileOptions::default())
            .unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

fn wraps() -> impl Strategy<Value = Vec<Wrap>> {
    prop::collection::vec(
        prop::sample::select(vec![Wrap::Gzip, Wrap::Zstd, Wrap::Zip]),
        1..4,
    )
}

/// Text that compresses, as logs do.
fn content() -> impl Strategy<Value = Vec<u8>> {
    let line = ("[a-z]{1,8}", 0_u32..1000, 1_usize..40);
    let lines = prop::collection::vec(line, 1..30);
    lines.prop_map(|lines| {
        let line = |(word, number, times): (String, u32, usize)| {
            format!("{{\"w\":\"{}\",\"n\":{number}}}\n", word.repeat(times))
        };
        lines.into_iter().map(line).collect::<String>().into_bytes()
    })
}

/// Reads everything under a folder: the bytes by file name (and member), and the errors.
fn read(folder: &Path) -> (BTreeMap<String, Vec<u8>>, Vec<String>) {
    let (mut found, mut errors) = (BTreeMap::new(), Vec::new());
    let paths = [folder.to_owned()];
    let _ = walk(&paths, &limits(), &mut io::empty(), &mut |visit| {
        match visit {
            Visit::Input(mut opened) => {
                let name = opened.input.name().to_owned();
                let mut bytes = Vec::new();
                if let Err(error) = opened.input.read_to_end(&mut bytes) {
                    errors.push(format!("{name}: {error}"));
                }
                assert!(bytes.starts_with(&opened.head), "{name}");
                let name = name.strip_prefix(&format!("{}/", folder.display()));
                found.insert(name.unwrap().to_owned(), bytes);
            }
            Visit::Failed(error) => errors.push(error.to_string()),
            Visit::Skipped { .. } => {}
        }
        ControlFlow::Continue(())
    });
    (found, errors)
}

proptest! {
    #![proptest_config(cases(2))]

    /// In whatever order things are wrapped, and wherever they are damaged.
    #[test]
    fn damaged_archives_stay_within_the_limits_and_their_neighbours_come_through(
        content in content(),
        wraps in wraps(),
        damage in prop::collection::vec(damage(), 1..4),
    ) {
        let whole = wraps.iter().fold(content.clone(), |bytes, wrap| wrapped(*wrap, &bytes));
        let broken = damaged(&whole, &content, &damage);
        let folder = tempfile::tempdir().unwrap();
        let neighbours = [("a.json.gz", Wrap::Gzip), ("y.json.zst", Wrap::Zstd), ("z.zip", Wrap::Zip)];
        for (name, wrap) in neighbours {
            std::fs::write(folder.path().join(name), wrapped(wrap, &content)).unwrap();
        }
        std::fs::write(folder.path().join("m"), &broken).unwrap();
        let (found, errors) = read(folder.path());
        for name in ["a.json.gz", "y.json.zst", "z.zip!member"] {
            prop_assert_eq!(&found[name], &content, "{}", name);
        }
        for (name, bytes) in &found {
            // A file that no longer looks compressed is read as it is.
            let bound = INFLATED_MAX.max(broken.len() as u64);
            prop_assert!(bytes.len() as u64 <= bound, "{}: {} bytes", name, bytes.len());
        }
        for error in errors {
            prop_assert!(error.contains("/m"), "{}", error);
        }
    }

    /// Damage to the bytes of one member reaches no other member of the archive.
    #[test]
    fn a_damaged_member_costs_itself_only(
        contents in prop::collection::vec((content(), prop::option::of(prop::sample::select(vec![Wrap::Gzip, Wrap::Zstd]))), 2..6),
        victim in any::<Index>(),
        flips in prop::collection::vec((any::<Index>(), 1_u8..), 1..8),
    ) {
        let members: Vec<(String, Vec<u8>)> = contents
            .iter()
            .enumerate()
            .map(|(at, (content, wrap))| {
                let bytes = wrap.map_or_else(|| content.clone(), |wrap| wrapped(wrap, content));
                (format!("{at}.json"), bytes)
            })
            .collect();
        let borrowed: Vec<(&str, &[u8])> = members.iter().map(|(n, b)| (n.as_str(), b.as_slice())).collect();
        let mut bytes = zipped(&borrowed);
        let victim = victim.index(members.len());
        let (start, size) = {
            let mut archive = zip::ZipArchive::new(Cursor::new(&bytes)).unwrap();
            let member = archive.by_index(victim).unwrap();
            (member.data_start().unwrap() as usize, member.compressed_size() as usize)
        };
        for (at, bits) in flips {
            bytes[start + at.index(size)] ^= bits;
        }
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.zip"), &bytes).unwrap();
        let (found, _) = read(folder.path());
        for (at, (content, _)) in contents.iter().enumerate() {
            if at != victim {
                prop_assert_eq!(&found[&format!("a.zip!{at}.json")], content, "{}", at);
            }
        }
    }

    /// The same through a stream, where a zip archive is refused.
    #[test]
    fn a_damaged_stream_stays_within_the_limits(
        content in content(),
        wraps in wraps(),
        damage in prop::collection::vec(damage(), 0..4),
    ) {
        let whole = wraps.iter().fold(content.clone(), |bytes, wrap| wrapped(*wrap, &bytes));
        let broken = damaged(&whole, &content, &damage);
        let mut bytes = Vec::new();
        if let Ok(mut opened) = open_stream("-", Cursor::new(&broken), &limits()) {
            let result = opened.input.read_to_end(&mut bytes);
            let readable = damage.is_empty() && wraps.len() <= 2;
            prop_assert!(!readable || result.is_ok() && bytes == content);
        } else {
            let holds_zip = wraps.iter().any(|wrap| matches!(wrap, Wrap::Zip));
            prop_assert!(holds_zip || !damage.is_empty());
        }
        prop_assert!(bytes.len() as u64 <= INFLATED_MAX.max(broken.len() as u64));
    }
}

#[test]
fn more_than_the_limit_is_an_error_with_the_limit_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let large = vec![b'x'; INFLATED_MAX as usize + 1];
    for (name, wrap) in [
        ("a.gz", Wrap::Gzip),
        ("b.zst", Wrap::Zstd),
        ("c.zip", Wrap::Zip),
    ] {
        std::fs::write(folder.path().join(name), wrapped(wrap, &large)).unwrap();
    }
    let (found, errors) = read(folder.path());
    assert_eq!(errors.len(), 3, "{errors:?}");
    for error in errors {
        assert!(
            error.contains(&format!("limit of {INFLATED_MAX} bytes")),
            "{error}"
        );
    }
    assert!(
        found
            .values()
            .all(|bytes| bytes.len() as u64 <= INFLATED_MAX)
    );
}
