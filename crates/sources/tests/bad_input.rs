//! Damaged and hostile inputs: the error is clear, the good data beside goes through, memory
//! stays bounded.

#![allow(clippy::unwrap_used)]

use std::io::{self, Read, Write};
use std::ops::ControlFlow;
use std::path::PathBuf;

use schema::{Event, Reject};
use sources::{
    Collected, DecodeContext, DecodeError, Limits, NamedInput, Sink, Visit, by_name, detect,
    registry, walk,
};

fn context() -> DecodeContext<'static> {
    DecodeContext::new("2026-03-01T12:00:00Z".parse().unwrap())
}

/// Walks paths and decodes everything; gives what came out and the errors by name.
fn ingest(paths: &[PathBuf], limits: &Limits) -> (Collected, Vec<String>) {
    let mut out = Collected::default();
    let mut errors = Vec::new();
    let ctx = DecodeContext {
        limits: limits.clone(),
        ..context()
    };
    let _ = walk(paths, limits, &mut io::empty(), &mut |visit| {
        match visit {
            Visit::Input(mut opened) => {
                let source = detect(&opened.head, opened.input.name()).unwrap();
                if let Err(error) = source.decode(&mut *opened.input, &ctx, &mut out) {
                    errors.push(format!("{}: {error}", opened.input.name()));
                }
            }
            Visit::Failed(error) => errors.push(error.to_string()),
            Visit::Skipped { .. } => {}
        }
        ControlFlow::Continue(())
    });
    (out, errors)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

const GOOD: &[u8] =
    b"{\"Type\":\"Syslog\",\"TimeGenerated\":\"2026-03-01T10:00:00Z\",\"SyslogMessage\":\"x\"}\n";

#[test]
fn a_gzip_bomb_is_an_error_and_its_neighbours_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(GOOD).unwrap();
    let blanks = vec![b' '; 1 << 20];
    for _ in 0..200 {
        encoder.write_all(&blanks).unwrap();
    }
    std::fs::write(folder.path().join("a.json.gz"), encoder.finish().unwrap()).unwrap();
    std::fs::write(folder.path().join("b.json.gz"), gzip(GOOD)).unwrap();
    std::fs::write(
        folder.path().join("c.json.zst"),
        zstd::encode_all(GOOD, 3).unwrap(),
    )
    .unwrap();
    let (out, errors) = ingest(&[folder.path().to_owned()], &Limits::default());
    assert_eq!(out.events.len(), 3);
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(
        errors[0].contains("a.json.gz") && errors[0].contains("400 times"),
        "{errors:?}"
    );
    let small = Limits {
        max_inflated_bytes: 1000,
        ..Limits::default()
    };
    let (_, errors) = ingest(&[folder.path().join("a.json.gz")], &small);
    assert!(errors[0].contains("limit of 1000 bytes"), "{errors:?}");
}

#[test]
fn a_cut_gzip_gives_what_came_before() {
    let folder = tempfile::tempdir().unwrap();
    let many: Vec<u8> = (0..20_000_u32)
        .flat_map(|n| format!("{{\"Type\":\"Syslog\",\"TimeGenerated\":\"2026-03-01T10:00:00Z\",\"SyslogMessage\":\"{}\"}}\n", n.wrapping_mul(2_654_435_761)).into_bytes())
        .collect();
    let packed = gzip(&many);
    std::fs::write(folder.path().join("a.json.gz"), &packed[..packed.len() / 2]).unwrap();
    let (out, errors) = ingest(&[folder.path().to_owned()], &Limits::default());
    assert!(out.events.len() > 5_000, "{}", out.events.len());
    assert_eq!(errors.len(), 1, "{errors:?}");
}

#[test]
fn archives_give_each_member() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.zip");
    let mut archive = zip::ZipWriter::new(std::fs::File::create(&path).unwrap());
    let options = zip::write::SimpleFileOptions::default();
    for (name, bytes) in [
        ("x/one.json", GOOD.to_vec()),
        ("two.json.gz", gzip(GOOD)),
        ("__MACOSX/._one.json", vec![0, 5, 22]),
    ] {
        archive.start_file(name, options).unwrap();
        archive.write_all(&bytes).unwrap();
    }
    archive.finish().unwrap();
    let (out, errors) = ingest(std::slice::from_ref(&path), &Limits::default());
    assert_eq!(errors, Vec::<String>::new());
    let mut files: Vec<String> = out
        .events
        .iter()
        .map(|event| event.position.file.clone())
        .collect();
    files.sort();
    assert_eq!(
        files,
        [
            format!("{}!two.json.gz", path.display()),
            format!("{}!x/one.json", path.display())
        ]
    );
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    assert_eq!(ingest(&[path], &Limits::default()).1.len(), 1);
}

/// A good line, a line of `length` bytes without any mark, a good line.
struct LongLine {
    sent: usize,
    length: usize,
}

impl Read for LongLine {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let open = b"{\"Type\":\"Syslog\",\"SyslogMessage\":\"";
        let close = b"\"}\n";
        let at = self.sent;
        let sizes = [GOOD.len(), open.len(), self.length, close.len(), GOOD.len()];
        let mut start = 0;
        for (part, size) in sizes.into_iter().enumerate() {
            if at < start + size {
                let n = buf.len().min(start + size - at);
                match part {
                    0 | 4 => buf[..n].copy_from_slice(&GOOD[at - start..at - start + n]),
                    1 => buf[..n].copy_from_slice(&open[at - start..at - start + n]),
                    2 => buf[..n].fill(b'x'),
                    _ => buf[..n].copy_from_slice(&close[at - start..at - start + n]),
                }
                self.sent += n;
                return Ok(n);
            }
            start += size;
        }
        Ok(0)
    }
}

#[test]
fn a_line_of_200_mb_costs_one_reject_and_bounded_memory() {
    for source in ["table_rows", "generic_json", "syslog"] {
        let before = peak_memory();
        let reader = io::BufReader::with_capacity(
            1 << 16,
            LongLine {
                sent: 0,
                length: 200 << 20,
            },
        );
        let mut input = NamedInput::new("long", reader);
        let mut out = Collected::default();
        by_name(source)
            .unwrap()
            .decode(&mut input, &context(), &mut out)
            .unwrap();
        assert_eq!((out.events.len(), out.rejects.len()), (2, 1), "{source}");
        let reject = &out.rejects[0];
        assert_eq!(reject.raw.len(), Limits::OVERLONG_KEPT_BYTES, "{source}");
        assert!(reject.reason.contains("longer than"), "{}", reject.reason);
        if let (Some(before), Some(after)) = (before, peak_memory()) {
            assert!(
                after - before < 100 << 20,
                "{source}: {} MiB",
                (after - before) >> 20
            );
        }
    }
}

/// Peak resident bytes of this process, where the system tells.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib << 10)
}

/// Stops after one record.
struct One(usize);

impl Sink for One {
    fn event(&mut self, _: Event) -> ControlFlow<()> {
        self.0 += 1;
        ControlFlow::Break(())
    }

    fn reject(&mut self, _: Reject) -> ControlFlow<()> {
        self.0 += 1;
        ControlFlow::Break(())
    }
}

#[test]
fn a_sink_can_stop_every_source() {
    for source in registry() {
        let bytes = [GOOD, GOOD].concat();
        let mut one = One(0);
        let result = source.decode(
            &mut NamedInput::from_bytes("t", &bytes),
            &context(),
            &mut one,
        );
        if source.spec().name == "windows_evtx" {
            assert!(matches!(result, Err(DecodeError::WrongFormat { .. })));
        } else {
            assert!(
                matches!(result, Err(DecodeError::Stopped)),
                "{}",
                source.spec().name
            );
            assert_eq!(one.0, 1);
        }
    }
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(128))]
    #[test]
    fn no_source_panics_and_every_line_counts_once(
        lines in proptest::collection::vec("[{}\"a-z0-9:,<>| =\\[\\]T.-]{1,40}", 0..12),
        bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..400),
    ) {
        let text = lines.join("\n");
        for source in registry() {
            let mut out = Collected::default();
            let _ = source.sniff(&bytes, "t");
            let _ = source.sniff(text.as_bytes(), "t");
            let _ = source.decode(&mut NamedInput::from_bytes("t", &bytes), &context(), &mut out);
            let mut out = Collected::default();
            let _ = source.decode(&mut NamedInput::from_bytes("t", text.as_bytes()), &context(), &mut out);
            if matches!(source.spec().name, "syslog" | "cef_syslog") {
                let wanted = text.lines().filter(|line| !line.trim().is_empty()).count();
                proptest::prop_assert_eq!(out.events.len() + out.rejects.len(), wanted);
            }
        }
    }

    /// JSON lines, some of them broken: every good one gives its event.
    #[test]
    fn good_json_lines_survive_their_neighbours(lines in proptest::collection::vec(
        proptest::prop_oneof![
            proptest::strategy::Just("{\"a\":1}".to_owned()),
            proptest::strategy::Just("{\"a\":\"b".to_owned()),
            proptest::strategy::Just("{\"a\":{\"b\":1}".to_owned()),
            proptest::strategy::Just("{\"a\":oops}".to_owned()),
            "[a-z]{1,9}",
        ], 0..20)
    ) {
        let text = lines.join("\n");
        let mut out = Collected::default();
        by_name("generic_json").unwrap().decode(&mut NamedInput::from_bytes("t", text.as_bytes()), &context(), &mut out).unwrap();
        let good = lines.iter().filter(|line| *line == "{\"a\":1}").count();
        let bad = lines.len() - good;
        proptest::prop_assert_eq!(out.events.len(), good);
        // Broken lines in a row may count as one record: JSON may go on in the next line.
        proptest::prop_assert!(out.rejects.len() <= bad && (out.rejects.is_empty() == (bad == 0)));
    }
}

/// The EVTX sample, inflated.
fn evtx() -> Vec<u8> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/src/windows_evtx/samples/three_events.evtx.gz"
    );
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap())
        .read_to_end(&mut bytes)
        .unwrap();
    bytes
}

fn decode_evtx(bytes: &[u8]) -> (Collected, Result<(), DecodeError>) {
    let mut out = Collected::default();
    let source = by_name("windows_evtx").unwrap();
    let result = source.decode(
        &mut NamedInput::from_bytes("t.evtx", bytes),
        &context(),
        &mut out,
    );
    (out, result)
}

#[test]
fn a_cut_evtx_gives_the_whole_records_and_one_clear_error() {
    let bytes = evtx();
    let whole = decode_evtx(&bytes).0.events;
    let starts: Vec<usize> = whole
        .iter()
        .map(|event| event.position.byte_offset.unwrap() as usize)
        .collect();
    for (cut, expected) in [
        (starts[2] + 30, 2),
        (starts[1], 1),
        (starts[0] + 5, 0),
        (4096, 0),
        (100, 0),
    ] {
        let (out, result) = decode_evtx(&bytes[..cut]);
        assert_eq!(out.events.len(), expected, "{cut}");
        assert!(out.rejects.is_empty(), "{cut}: {}", out.rejects[0].reason);
        let error = result.unwrap_err();
        assert!(error.to_string().contains("cut off"), "{error}");
    }
}

#[test]
fn a_damaged_evtx_record_is_a_reject_beside_good_ones() {
    let mut bytes = evtx();
    let start = decode_evtx(&bytes).0.events[1]
        .position
        .byte_offset
        .unwrap() as usize;
    bytes[start + 30..start + 60].fill(0xff);
    let (out, result) = decode_evtx(&bytes);
    assert_eq!(out.events.len() + out.rejects.len(), 3, "{:?}", out.rejects);
    assert_eq!(out.rejects.len(), 1);
    assert_eq!(out.rejects[0].position.record, 102);
    assert!(out.rejects[0].raw.starts_with(&[0x2a, 0x2a, 0, 0]));
    assert!(result.is_ok());
    // A chunk that lost its header: everything else is read, and the error names the chunk.
    let mut two = evtx();
    let chunk = two[4096..].to_vec();
    two.extend_from_slice(&chunk);
    two[4096..4100].fill(0);
    let (out, result) = decode_evtx(&two);
    assert_eq!(out.events.len(), 3);
    assert!(matches!(result, Err(DecodeError::Damaged { detail }) if detail.contains("chunk 0")));
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(64))]
    #[test]
    fn an_evtx_with_flipped_bytes_is_read_as_far_as_it_goes(
        flips in proptest::collection::vec((4096_usize..8000, proptest::prelude::any::<u8>()), 1..20),
    ) {
        let mut bytes = evtx();
        for (at, value) in flips {
            bytes[at] = value;
        }
        let _ = decode_evtx(&bytes);
    }
}

#[test]
fn a_broken_cloudtrail_record_costs_itself_only() {
    let record = |n: u32| {
        format!(
            "{{\"eventVersion\":\"1.08\",\"eventName\":\"N{n}\",\"eventSource\":\"s\",\"awsRegion\":\"r\",\"eventID\":\"{n}\"}}"
        )
    };
    for broken in [
        "{\"eventVersion\":\"1.08\",\"eventName\":",
        "{\"eventVersion\":\"1.08\",\"a\":\"never closed}",
        "{\"eventVersion\":\"1.08\",\"a\":{\"b\":[}",
    ] {
        let text = format!(
            "{{\"Records\":[{},{broken},{},{}]}}",
            record(1),
            record(3),
            record(4)
        );
        let mut out = Collected::default();
        let source = detect(text.as_bytes(), "x.json").unwrap();
        assert_eq!(source.spec().name, "aws_cloudtrail");
        source
            .decode(
                &mut NamedInput::from_bytes("x.json", text.as_bytes()),
                &context(),
                &mut out,
            )
            .unwrap();
        let names: Vec<&str> = out
            .events
            .iter()
            .map(|event| event.row.text("EventName"))
            .collect();
        assert_eq!(names, ["N1", "N3", "N4"], "{broken}");
        assert_eq!(out.rejects.len(), 1);
        assert_eq!(out.rejects[0].raw, broken.as_bytes());
    }
}

/// The repository's own sample decodes whole.
#[test]
fn the_hybrid_intrusion_sample_has_no_rejects() {
    let folder = PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../samples/hybrid-intrusion"
    ));
    let parts: Vec<PathBuf> = ["alerts", "azure", "cloudtrail", "m365", "syslog", "windows"]
        .iter()
        .map(|part| folder.join(part))
        .filter(|part| part.exists())
        .collect();
    let (out, errors) = ingest(&parts, &Limits::default());
    assert_eq!(errors, Vec::<String>::new());
    assert!(
        out.rejects.is_empty(),
        "{}: {}",
        out.rejects[0].position.file,
        out.rejects[0].reason
    );
    for event in &out.events {
        assert!(event.time.is_some(), "{:?}", event.position);
        assert!(
            !event.row.table().name.ends_with("_CL"),
            "{:?}",
            event.position
        );
        assert!(
            !event.row.parts().1.contains_key("ParseStatus"),
            "{:?}",
            event.position
        );
        if event.row.table().name == "SecurityAlert" {
            let alert = schema::alert_from_row(&event.row, context().received);
            assert!(
                !alert.tactics.is_empty() && !alert.techniques.is_empty(),
                "{}",
                alert.name
            );
            assert!(
                alert
                    .entities
                    .iter()
                    .any(|entity| !entity.strong_keys().is_empty()),
                "{}",
                alert.name
            );
        }
    }
}
