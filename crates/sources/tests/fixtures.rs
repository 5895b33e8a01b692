//! Every source decodes the samples in its folder to the rows expected beside them.
//!
//! A sample is `src/<source>/samples/<file>`, what it gives is `src/<source>/expected/<file>.json`.
//! `UPDATE_EXPECTED=1 cargo test -p sources --test fixtures` writes the latter anew; read the
//! difference like code.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use schema::{Event, Reject, Value};
use serde_json::{Map, Value as Json, json};
use sources::{Collected, DecodeContext, Limits, Source, Visit, registry, walk};

fn folder(source: &dyn Source) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src")
        .join(source.spec().name)
}

fn samples(source: &dyn Source) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder(source).join("samples"))
        .map(|entries| entries.map(|entry| entry.unwrap().path()).collect())
        .unwrap_or_default();
    paths.sort();
    paths
}

/// Decodes one file with the source that recognises it.
fn decode(path: &Path, expected_source: &str) -> (Collected, Option<String>) {
    let ctx = DecodeContext::new("2026-03-01T12:00:00Z".parse().unwrap());
    let mut out = Collected::default();
    let mut error = None;
    let _ = walk(
        &[path.to_owned()],
        &Limits::default(),
        &mut std::io::empty(),
        &mut |visit| {
            let Visit::Input(mut opened) = visit else {
                panic!("{} does not open", path.display())
            };
            let source = sources::detect(&opened.head, opened.input.name()).unwrap();
            assert_eq!(source.spec().name, expected_source, "{}", path.display());
            error = source
                .decode(&mut *opened.input, &ctx, &mut out)
                .err()
                .map(|error| error.to_string());
            std::ops::ControlFlow::Continue(())
        },
    );
    (out, error)
}

fn cell(value: &Value) -> Json {
    match value {
        Value::Bool(flag) => (*flag).into(),
        Value::Long(number) => (*number).into(),
        Value::Real(number) => (*number).into(),
        Value::String(text) => text.as_str().into(),
        Value::DateTime(at) => at.to_string().into(),
        Value::LastHours(us) => (*us).into(),
        Value::Dynamic(json) => json.clone(),
    }
}

fn event_json(event: &Event) -> Json {
    let mut row = event.row.clone();
    row.fold_extra();
    let mut columns = Map::new();
    let (cells, _) = row.parts();
    let mut cells: Vec<_> = cells.iter().collect();
    cells.sort_by_key(|(at, _)| *at);
    for (at, value) in cells {
        let value = cell(value);
        if value != "" {
            columns.insert(row.table().columns[*at].name.clone(), value);
        }
    }
    let source = &event.log_source;
    json!({
        "table": row.table().name,
        "time": event.time.map(|at| at.to_string()),
        "record": event.position.record,
        "log_source": format!("{}/{}", source.product, source.service),
        "row": columns,
        "native_fields": event.native.keys().collect::<Vec<_>>(),
    })
}

fn reject_json(reject: &Reject) -> Json {
    json!({
        "record": reject.position.record,
        "reason": reject.reason,
        "raw": String::from_utf8_lossy(&reject.raw),
    })
}

#[test]
fn samples_give_the_expected_rows() {
    let update = std::env::var_os("UPDATE_EXPECTED").is_some();
    let mut wrong = Vec::new();
    for source in registry() {
        for path in samples(*source) {
            let (out, error) = decode(&path, source.spec().name);
            let found = json!({
                "events": out.events.iter().map(event_json).collect::<Vec<_>>(),
                "rejects": out.rejects.iter().map(reject_json).collect::<Vec<_>>(),
                "error": error,
            });
            let found = serde_json::to_string_pretty(&found).unwrap() + "\n";
            let name = format!("{}.json", path.file_name().unwrap().to_string_lossy());
            let expected = folder(*source).join("expected").join(name);
            if update {
                std::fs::create_dir_all(expected.parent().unwrap()).unwrap();
                std::fs::write(&expected, &found).unwrap();
            } else if std::fs::read_to_string(&expected).unwrap_or_default() != found {
                wrong.push(format!("{}: found\n{found}", expected.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_source_has_docs_samples_and_known_tables() {
    let catalog = schema::Catalog::builtin();
    let mut names = Vec::new();
    for source in registry() {
        let spec = source.spec();
        assert!(
            !spec.title.is_empty() && spec.doc.len() > 40 && !spec.reference.is_empty(),
            "{}",
            spec.name
        );
        assert!(
            !samples(*source).is_empty(),
            "{}: put a sample into {}",
            spec.name,
            folder(*source).display()
        );
        assert!(!names.contains(&spec.name), "{} is listed twice", spec.name);
        for table in spec.tables {
            assert!(
                catalog.table(table).is_some() || table.ends_with("_CL"),
                "{}: {table}",
                spec.name
            );
        }
        names.push(spec.name);
        assert!(sources::by_name(spec.name).is_some());
    }
}

#[test]
fn columns_that_a_mapping_sets_keep_their_type() {
    // What does not fit its column's type lands in AdditionalFields under the column's name.
    for source in registry() {
        for path in samples(*source) {
            for event in decode(&path, source.spec().name).0.events {
                let (_, extra) = event.row.parts();
                let misfits: Vec<&String> = extra
                    .keys()
                    .filter(|name| event.row.table().position(name).is_some())
                    .collect();
                let allowed = ["Type"];
                assert!(
                    misfits.iter().all(|name| allowed.contains(&name.as_str())),
                    "{}: {misfits:?}",
                    path.display()
                );
            }
        }
    }
}
