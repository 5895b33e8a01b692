#![allow(clippy::unwrap_used)]

use super::*;
use crate::NamedInput;
use proptest::prelude::*;

/// Numbers of the good records (`"n"`), `-1` for each broken piece, and how it ended.
fn read(bytes: &[u8], envelopes: &'static [&'static str], limits: &Limits) -> (Vec<i64>, bool) {
    let mut input = NamedInput::new("t", std::io::BufReader::with_capacity(7, bytes));
    let mut records = JsonRecords::new(&mut input, envelopes, limits);
    let mut found = Vec::new();
    while let Some(piece) = records.next() {
        found.push(match piece {
            Piece::Record { map, .. } => map.get("n").and_then(Json::as_i64).unwrap_or(0),
            Piece::Broken { .. } => -1,
        });
    }
    (found, records.finish().is_ok())
}

fn numbers(text: &str) -> Vec<i64> {
    read(text.as_bytes(), &["Records"], &Limits::default()).0
}

#[test]
fn records_are_found_in_every_wrapping() {
    assert_eq!(numbers("{\"n\":1}\n{\"n\":2}\n"), [1, 2]);
    assert_eq!(numbers("{\"n\":1}{\"n\":2}"), [1, 2]);
    assert_eq!(numbers("[{\"n\":1},\n {\"n\":2}]"), [1, 2]);
    assert_eq!(
        numbers("\u{feff}{\n  \"n\": 1,\n  \"a\": [\n{\"x\":2}\n]\n}\n"),
        [1]
    );
    assert_eq!(
        numbers("{\"v\":1,\"Records\":[{\"n\":1},{\"n\":2}],\"x\":{\"y\":\"}\"}}"),
        [1, 2]
    );
    assert_eq!(
        numbers("{\"Records\":[{\"n\":1}]}\n{\"Records\":[{\"n\":2}]}"),
        [1, 2]
    );
    assert!(numbers("{\"Records\":[]}").is_empty());
    assert_eq!(numbers("{\"a\":{},\"Records\":[{\"n\":1}],\"n\":7}"), [7]);
    assert!(numbers("").is_empty());
}

#[test]
fn a_broken_record_takes_no_neighbour_with_it() {
    // Balanced, but no JSON.
    assert_eq!(
        numbers("{\"Records\":[{\"n\":1},{\"n\":oops},{\"n\":3}]}"),
        [1, -1, 3]
    );
    // A brace is missing.
    assert_eq!(
        numbers("{\"Records\":[{\"n\":1},{\"n\":2,\"a\":{\"b\":1},{\"n\":3},{\"n\":4}]}"),
        [1, -1, 3, 4]
    );
    // A quote is missing: strings and structure swap roles.
    assert_eq!(
        numbers("{\"Records\":[{\"n\":1},{\"n\":2,\"a\":\"b},{\"n\":3,\"c\":\"d\"},{\"n\":4}]}"),
        [1, -1, 3, 4]
    );
    // Lines cut off outside and inside a string.
    assert_eq!(
        numbers("{\"n\":1}\n{\"n\":2,\"a\":{\n{\"n\":3}\n{\"n\":4,\"a\":\"x\n{\"n\":5}\n"),
        [1, -1, 3, -1, 5]
    );
    assert_eq!(numbers("{\"n\":1}\nnot json\n{\"n\":2}\n"), [1, -1, 2]);
    assert_eq!(numbers("[1,\"a,b\",null,{\"n\":2}]"), [-1, -1, -1, 2]);
}

#[test]
fn a_cut_array_is_told_and_a_cut_last_line_is_a_broken_record_only() {
    let limits = Limits::default();
    assert_eq!(
        read(b"{\"Records\":[{\"n\":1},{\"n\":2", &["Records"], &limits),
        (vec![1, -1], false)
    );
    assert_eq!(
        read(b"{\"Records\":[{\"n\":1},", &["Records"], &limits),
        (vec![1], false)
    );
    assert_eq!(
        read(b"{\"n\":1}\n{\"n\":2", &["Records"], &limits),
        (vec![1, -1], true)
    );
}

#[test]
fn an_overlong_record_is_dropped_from_memory_and_the_next_is_read() {
    let limits = Limits {
        max_record_bytes: 4096,
        ..Limits::default()
    };
    let long = format!(
        "{{\"n\":1}}\n{{\"n\":2,\"a\":\"{}\"}}\n{{\"n\":3}}\n",
        "x".repeat(1 << 20)
    );
    assert_eq!(read(long.as_bytes(), &[], &limits).0, [1, -1, 3]);
    let open = format!(
        "{{\"n\":1}}\n{{\"n\":2,\"a\":\"{}\n{{\"n\":3}}\n",
        "x".repeat(1 << 20)
    );
    assert_eq!(read(open.as_bytes(), &[], &limits).0, [1, -1, 3]);
    let junk = format!("{}\n{{\"n\":3}}\n", "x".repeat(2 << 20));
    assert_eq!(read(junk.as_bytes(), &[], &limits).0, [-1, 3]);
}

proptest! {
    #[test]
    fn any_bytes_end_and_pieces_never_overlap(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        read(&bytes, &["Records"], &Limits { max_record_bytes: 64, ..Limits::default() });
    }

    #[test]
    fn json_like_bytes_end_too(text in r#"([{}\[\]",:\\n1 \n]|"Records":\[|\{"n":1\}){0,120}"#) {
        read(text.as_bytes(), &["Records"], &Limits { max_record_bytes: 64, ..Limits::default() });
    }
}
