//! What an analyst reads when a query is wrong.
//!
//! Each file of `data/diagnostics/` is a query over the tables of [`catalog`], then `// ---- output` and everything found,
//! as rendered. Where a hint says what to write, `// ---- fixed` and the query written so follow: that has to be free of
//! findings. A new case is a new file; `WATCHFLOOR_UPDATE=1 cargo test -p kql --test diagnostics` writes its output, and the
//! page `docs/kql/diagnostics.md`.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod support;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use kql::{Code, Diagnostic, StaticCatalog, TableDef, Type};

const OUTPUT: &str = "// ---- output";
const FIXED: &str = "// ---- fixed";

fn catalog() -> StaticCatalog {
    let mut catalog = support::table(&[
        ("a", Type::Long),
        ("s", Type::String),
        ("t", Type::DateTime),
        ("d", Type::Dynamic),
    ]);
    catalog.add_table(TableDef {
        name: "SigninLogs".to_owned(),
        columns: [
            ("TimeGenerated", Type::DateTime),
            ("UserPrincipalName", Type::String),
            ("IPAddress", Type::String),
            ("ResultType", Type::String),
            ("RiskScore", Type::Long),
            ("LocationDetails", Type::Dynamic),
        ]
        .map(|(name, ty)| (name.into(), ty))
        .to_vec(),
    });
    catalog
}

fn found(query: &str) -> Vec<Diagnostic> {
    support::bind_in(query, &catalog()).diagnostics
}

fn rendered(query: &str) -> String {
    let shown: Vec<String> = found(query)
        .iter()
        .map(|found| found.render(query, "query.kql"))
        .collect();
    shown.join("\n")
}

fn updating() -> bool {
    std::env::var_os("WATCHFLOOR_UPDATE").is_some()
}

fn commented(text: &str) -> String {
    let lines = text
        .lines()
        .map(|line| format!("// {line}").trim_end().to_owned());
    lines.collect::<Vec<_>>().join("\n")
}

fn uncommented(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let line = line.strip_prefix("//").unwrap_or(line);
        line.strip_prefix(' ').unwrap_or(line)
    });
    lines.collect::<Vec<_>>().join("\n").trim().to_owned()
}

/// Query, output and the fixed query of a case.
fn sections(text: &str) -> (String, String, Option<String>) {
    let (text, fixed) = match text.split_once(FIXED) {
        Some((text, fixed)) => (text, Some(uncommented(fixed))),
        None => (text, None),
    };
    let (query, output) = text.split_once(OUTPUT).unwrap_or((text, ""));
    (query.trim_end().to_owned(), uncommented(output), fixed)
}

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/diagnostics");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

#[test]
fn findings_read_as_recorded() {
    let mut wrong = Vec::new();
    for file in cases() {
        let text = std::fs::read_to_string(&file).unwrap();
        let (query, expected, fixed) = sections(&text);
        let output = rendered(&query);
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        if let Some(fixed) = &fixed
            && !found(fixed).is_empty()
        {
            wrong.push(format!(
                "{name}: what the hint says is wrong too\n{}",
                rendered(fixed)
            ));
        }
        if updating() {
            let mut whole = format!("{query}\n{OUTPUT}\n{}\n", commented(output.trim()));
            if let Some(fixed) = fixed {
                let _ = writeln!(whole, "{FIXED}\n{}", commented(&fixed));
            }
            std::fs::write(&file, whole).unwrap();
        } else if uncommented(&commented(output.trim())) != expected {
            wrong.push(format!("{name}: now it reads\n{output}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Codes whose example would be a very large text or a function of the workspace; other tests produce them.
const WITHOUT_EXAMPLE: &[Code] = &[
    Code::TooLong,
    Code::TooDeep,
    Code::TooLarge,
    Code::BrokenFunction,
    Code::Unsupported,
    Code::EmptyQuery,
];

#[test]
fn every_code_is_produced_by_its_example() {
    for code in Code::ALL {
        if WITHOUT_EXAMPLE.contains(code) {
            assert!(code.example().is_empty(), "{}", code.id());
            continue;
        }
        let found = found(code.example());
        assert!(
            found.iter().any(|found| found.code == *code),
            "{} is not what its example `{}` gives: {found:?}",
            code.id(),
            code.example()
        );
    }
}

#[test]
fn the_reference_page_is_current() {
    let mut page = "# Diagnostics\n\nWhat the query language's analyzer reports. Codes never change meaning. This page is generated from\n`crates/kql/src/diagnostic/code.rs` by `WATCHFLOOR_UPDATE=1 cargo test -p kql --test diagnostics`.\n\nThe examples are over a table `T(a: long, s: string, t: datetime, d: dynamic)`.\n".to_owned();
    for code in Code::ALL {
        let _ = write!(page, "\n## {}\n\n{}\n", code.id(), code.doc().trim());
        if !code.example().is_empty() {
            let shown = rendered(code.example());
            let _ = write!(
                page,
                "\n```kql\n{}\n```\n\n```text\n{}\n```\n",
                code.example(),
                shown.trim_end()
            );
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/kql/diagnostics.md");
    if updating() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &page).unwrap();
    }
    assert_eq!(
        std::fs::read_to_string(path).unwrap(),
        page,
        "run with WATCHFLOOR_UPDATE=1"
    );
}

/// Codes of what Kusto accepts and is surely a mistake.
const LINTS: &[Code] = &[
    Code::Suspicious,
    Code::Unused,
    Code::Repeated,
    Code::InvalidRegex,
];

/// Warnings over real rules: each kind has to stay rare there, as rules in use are mostly right.
#[test]
fn warnings_are_rare_in_real_rules() {
    let Some(folder) = support::corpora() else {
        return;
    };
    let verbose = std::env::var_os("KQL_VERBOSE").is_some();
    let workspace = support::Workspace::load(&folder);
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    let mut rules: BTreeMap<Code, usize> = BTreeMap::new();
    let mut queries = 0;
    for query in support::lines(&folder.join("kql-rules/queries.jsonl")) {
        let text = query["query"].as_str().unwrap();
        queries += 1;
        let bound = workspace.bind(text, &query["dialect"]);
        for code in LINTS {
            let found = || bound.diagnostics.iter().filter(|found| found.code == *code);
            *rules.entry(*code).or_default() += usize::from(found().next().is_some());
            for found in found() {
                let unnamed: Vec<&str> = found.message.split('`').step_by(2).collect();
                *kinds.entry(unnamed.join("...")).or_default() += 1;
                if verbose {
                    println!("{}\n{}", query["id"], found.render(text, "query"));
                }
            }
        }
    }
    println!("of {queries} rules these have a warning: {rules:#?}, findings: {kinds:#?}");
    for (code, rules) in rules {
        assert!(
            rules * 20 < queries,
            "{} is found too often to be read",
            code.id()
        );
    }
}
