//! How long parsing and binding take: every query of the corpora's rules against the corpora's catalog, on one thread.
//!
//! `WATCHFLOOR_CORPORA=... cargo run --release -p kql --example bind_times [rounds [id]]`

#![allow(clippy::unwrap_used, clippy::print_stdout)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::hint::black_box;
use std::time::{Duration, Instant};

use support::Workspace;

/// The one that the program has.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A query's id and its fastest time: what else ran on the machine only ever adds to it.
struct Timed<'q> {
    id: &'q str,
    time: Duration,
}

/// Runs all queries `rounds` times and prints what that took.
fn measure<'q, Q>(what: &str, queries: &'q [Q], rounds: usize, run: impl Fn(&'q Q))
where
    Q: AsQuery,
{
    let mut best: Vec<Timed<'_>> = queries
        .iter()
        .map(|query| Timed {
            id: query.id(),
            time: Duration::MAX,
        })
        .collect();
    let started = Instant::now();
    for _ in 0..rounds {
        for (query, timed) in queries.iter().zip(&mut best) {
            let from = Instant::now();
            run(query);
            timed.time = timed.time.min(from.elapsed());
        }
    }
    let whole = started.elapsed().as_secs_f64();
    let runs = (queries.len() * rounds) as f64;
    let bytes: usize = queries.iter().map(|query| query.text().len()).sum();
    best.sort_by_key(|timed| timed.time);
    let at = |part: f64| best.get((best.len() as f64 * part) as usize);
    let ms = |timed: Option<&Timed<'_>>| timed.map_or(0.0, |t| t.time.as_secs_f64() * 1e3);
    let all: f64 = best.iter().map(|timed| timed.time.as_secs_f64()).sum();
    println!(
        "{what}: {:.0} queries/s ({:.0} of each one's fastest run), {:.1} MB/s, median {:.3} ms, p99 {:.3} ms",
        runs / whole,
        queries.len() as f64 / all,
        (bytes * rounds) as f64 / whole / 1e6,
        ms(at(0.5)),
        ms(at(0.99)),
    );
    let slow = best.iter().rev().take(best.len() / 100);
    let slow: f64 = slow.map(|timed| timed.time.as_secs_f64()).sum();
    println!("  the slowest hundredth takes {:.0} %", slow * 100.0 / all);
    for timed in best.iter().rev().take(5) {
        println!("  slowest: {:.3} ms {}", ms(Some(timed)), timed.id);
    }
}

/// What is measured has a name and a text.
trait AsQuery {
    fn id(&self) -> &str;
    fn text(&self) -> &str;
}

struct Query {
    id: String,
    text: String,
    dialect: serde_json::Value,
}

impl AsQuery for Query {
    fn id(&self) -> &str {
        &self.id
    }

    fn text(&self) -> &str {
        &self.text
    }
}

/// Most memory the process had so far, where the system says it.
fn peak_memory() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM"))?;
    Some(
        line.split_whitespace()
            .skip(1)
            .collect::<Vec<_>>()
            .join(" "),
    )
}

fn main() {
    let Some(folder) = support::corpora() else {
        return;
    };
    let rounds = std::env::args()
        .nth(1)
        .and_then(|rounds| rounds.parse().ok())
        .unwrap_or(5);
    let only = std::env::args().nth(2);
    let workspace = Workspace::load(&folder);
    let queries: Vec<Query> = support::lines(&folder.join("kql-rules/queries.jsonl"))
        .into_iter()
        .filter(|query| only.as_ref().is_none_or(|id| query["id"] == id.as_str()))
        .map(|query| Query {
            id: query["id"].as_str().unwrap().to_owned(),
            text: query["query"].as_str().unwrap().to_owned(),
            dialect: query["dialect"].clone(),
        })
        .collect();
    println!("{} queries, {rounds} rounds", queries.len());
    measure("parse", &queries, rounds, |query| {
        black_box(kql::syntax::parse(&query.text));
    });
    measure("bind", &queries, rounds, |query| {
        black_box(workspace.bind(&query.text, &query.dialect));
    });
    if let Some(peak) = peak_memory() {
        println!("peak memory {peak}");
    }
}
