"""The query language alone: parsing, binding and completion, beside Microsoft's own analyzer where it is installed."""

import json
import re
import time

from benchmarks.durations import milliseconds
from benchmarks.process import run

# Rules of the corpora that the analyzer gets: at some 25 a second all would take over a minute a run.
ANALYZER_STEP = 6

SPEED = re.compile(r"(\w+): (\d+) queries/s \((\d+) of each one's fastest run\), ([\d.]+) MB/s, "
                   r"median ([\d.]+) ms, p99 ([\d.]+) ms")
PLACES = re.compile(r"([a-z ]+): (\d+) places, median (\S+), 99 % under (\S+), worst (\S+)")


def kql(options, report):
    """The crate's own examples, which print what they measured."""
    examples = options.bin.parent / "examples"
    programs = [examples / name for name in ("bind_times", "complete_times")]
    missing = [program.name for program in programs if not program.is_file()]
    if missing:
        raise RuntimeError(f"not built: cargo build --release -p kql --example {' --example '.join(missing)}")
    rules = options.corpora / "kql-rules/queries.jsonl"
    if not rules.is_file():
        raise RuntimeError(f"no queries: {rules} is missing (--corpora)")
    report.section("The query language", "scripts/bench --only kql")
    speeds(options, report, programs[0])
    answers(options, report, programs[1])
    analyzer(options, report, rules)


def speeds(options, report, program):
    """Every rule of the corpora, parsed alone and bound."""
    seen = {}
    for _ in range(options.runs):
        # The catalog comes from the corpora, too.
        done = run(["env", f"WATCHFLOOR_CORPORA={options.corpora}", program], options.scratch)
        found = SPEED.findall(done.stdout)
        if [line[0] for line in found] != ["parse", "bind"]:
            raise RuntimeError(f"`{program.name}` says: {done.stdout.strip()[-300:]}")
        for what, rate, _, megabytes, middle, late in found:
            for name, value in (("rate", rate), ("MB/s", megabytes), ("median", middle), ("p99", late)):
                seen.setdefault((what, name), []).append(float(value))
        seen.setdefault("peak", []).append(done.peak_bytes / 1e6)
    for what, words in (("parse", "parsing"), ("bind", "parsing and binding")):
        report.figure(words, seen[what, "rate"], "queries/s", 0)
        report.figure(words, seen[what, "MB/s"], "MB/s", 1)
        report.figure(f"{words}, median of the queries", seen[what, "median"], "ms", 3)
        report.figure(f"{words}, 99 % of the queries under", seen[what, "p99"], "ms", 3)
    report.figure("peak memory, catalog and queries included", seen["peak"], "MB", 0)


def answers(options, report, program):
    """Completion, hover and signature help at places all over one long query."""
    worst, places = {}, {}
    for _ in range(options.runs):
        done = run([program], options.scratch)
        found = PLACES.findall(done.stdout)
        if not found:
            raise RuntimeError(f"`{program.name}` says: {done.stdout.strip()[-300:]}")
        for what, count, middle, _, last in found:
            places[what] = int(count)
            worst.setdefault((what, "median"), []).append(milliseconds(middle))
            worst.setdefault((what, "worst"), []).append(milliseconds(last))
    for (what, which), values in worst.items():
        report.figure(f"{what}, {which} of {places[what]:,} places", values, "ms", 2)
    report.note("Completion, hover and signature help: a query of some 200 lines over 900 tables, each place with the best "
                "of five tries.")


def analyzer(options, report, rules):
    """Microsoft's analyzer over a part of the same rules; its start is measured with one and taken off."""
    folder = options.analyzer or options.corpora.parent / "tools/kusto-oracle"
    if not (folder / "oracle.mjs").is_file():
        return report.note(f"The official analyzer was not run: no oracle.mjs in {folder} (--analyzer).")
    if not (folder / "node_modules").is_dir():
        return report.note(f"The official analyzer was not run: {folder} is not installed; `npm install` in it or in a "
                           "copy, and name that with --analyzer.")
    with rules.open(encoding="utf-8") as lines:
        chosen = [json.loads(line) for number, line in enumerate(lines) if number % ANALYZER_STEP == 0]
    rates, sizes = [], []
    for _ in range(options.runs):
        start, _ = analyzed(options, folder, chosen[:1])
        whole, answered = analyzed(options, folder, chosen)
        if answered != len(chosen):
            raise RuntimeError(f"the official analyzer answered {answered} of {len(chosen)} queries")
        seconds = max(whole - start, 1e-9)
        rates.append((len(chosen) - 1) / seconds)
        sizes.append(sum(len(query["query"].encode()) for query in chosen[1:]) / seconds / 1e6)
    report.figure("the official analyzer, parsing and binding", rates, "queries/s", 0)
    report.figure("the official analyzer, parsing and binding", sizes, "MB/s", 3)
    report.note(f"The official analyzer had every {ANALYZER_STEP}th rule ({len(chosen)} queries) and the same schema; its "
                "start does not count.")


def analyzed(options, folder, queries):
    """Seconds for these queries, start included, and how many were answered."""
    given = options.scratch / "analyzer.jsonl"
    fields = ("id", "query", "dialect")
    text = "".join(json.dumps({key: query.get(key) for key in fields}) + "\n" for query in queries)
    given.write_text(text, encoding="utf-8")
    started = time.perf_counter()
    done = run(["node", folder / "oracle.mjs", options.corpora / "schemas/log_analytics_tables.csv",
                "--functions", folder / "sentinel_functions.json"], options.scratch, stdin=given)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return time.perf_counter() - started, sum("oracle_failure" not in line for line in lines)
