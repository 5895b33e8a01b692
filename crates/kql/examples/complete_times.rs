//! Times completion, hover and signature help at places all over a 200-line query against a catalog of 900 tables. Each
//! place counts with the best of five tries: on a busy machine the others measure the neighbours.
//!
//! `cargo run --release -p kql --example complete_times`

#![allow(clippy::print_stdout)]

use std::fmt::Write;
use std::time::{Duration, Instant};

use kql::{BindOptions, Dialect, StaticCatalog, TableDef, Type, complete, hover, signature_help};

/// The one that the program has.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const OPTIONS: BindOptions = BindOptions {
    now: 638_000_000_000_000_000,
    dialect: Dialect::Sentinel,
};

/// 900 tables of 30 columns, about what a Log Analytics workspace has.
fn catalog() -> StaticCatalog {
    let types = [Type::String, Type::Long, Type::Dynamic, Type::DateTime];
    let mut catalog = StaticCatalog::new();
    for table in 0..900 {
        let column = |at: usize| (format!("Column{at}Name").into(), types[at % types.len()]);
        catalog.add_table(TableDef {
            name: format!("Table{table}Events"),
            columns: (0..30).map(column).collect(),
        });
    }
    catalog
}

/// A query of `let`s with a function and joins, and a long pipeline over them.
fn query() -> String {
    let mut text = String::from(
        "let since = ago(7d);\nlet busy = (T: (Column1Name: long), least: long) {\n    T | where Column1Name > least\n};\n",
    );
    for part in 0..25 {
        let _ = write!(
            text,
            "let part{part} = Table{part}Events\n    | where Column3Name > since and Column0Name has_any (\"a\", \"b\")\n    | extend Key = tolower(tostring(Column2Name.user)), Hour = bin(Column3Name, 1h)\n    | summarize Events = count(), Hosts = make_set(Column4Name, 10) by Key, Hour\n    | where Events > 10;\n"
        );
    }
    text.push_str("Table1Events\n| extend Key = Column0Name\n");
    for part in 0..23 {
        let _ = write!(
            text,
            "| join kind=leftouter (part{part} | project Key, Events{part} = Events) on Key\n| project-away Key1\n| extend Total{part} = Events{part} + iff(isnull(Events{part}), 0, 1)\n"
        );
    }
    text.push_str("| top 100 by Total0 desc\n| render timechart");
    text
}

fn report(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |share: usize| times.get((times.len() * share / 100).min(times.len() - 1));
    println!(
        "{what}: {} places, median {:?}, 99 % under {:?}, worst {:?}",
        times.len(),
        at(50).copied().unwrap_or_default(),
        at(99).copied().unwrap_or_default(),
        times.last().copied().unwrap_or_default()
    );
}

fn main() {
    let (catalog, text) = (catalog(), query());
    println!("{} lines, {} bytes", text.lines().count(), text.len());
    let places: Vec<usize> = text
        .char_indices()
        .filter(|(at, c)| c.is_alphanumeric() && (*at % 3 == 0))
        .map(|(at, _)| at)
        .collect();
    // The function table is built once; a server has it by then.
    drop(complete(&text, text.len(), &catalog, &OPTIONS));
    let time = |ask: &dyn Fn(usize)| {
        let mut times = Vec::with_capacity(places.len());
        for place in &places {
            let tries = (0..5).map(|_| {
                let start = Instant::now();
                ask(*place);
                start.elapsed()
            });
            times.extend(tries.min());
        }
        times
    };
    report(
        "complete",
        time(&|at| drop(complete(&text, at, &catalog, &OPTIONS))),
    );
    report(
        "hover",
        time(&|at| drop(hover(&text, at, &catalog, &OPTIONS))),
    );
    report(
        "signature help",
        time(&|at| drop(signature_help(&text, at, &catalog, &OPTIONS))),
    );
}
