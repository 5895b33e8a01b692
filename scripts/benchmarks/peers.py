"""DuckDB or ClickHouse in a process of its own, so that its memory can be told from the others'.

    peers.py BENCH DATA THREADS answers                              both, over the Parquet files
    peers.py BENCH DATA THREADS duckdb|clickhouse parquet|native     one of them, to be timed

BENCH is the folder of SOC-Bench, whose own programs set the engines up; DATA has a folder of Parquet files a
table. `answers` prints one JSON object a query. The other prints one when it is ready, then one for each query's
name on standard input. Works in the current folder; needs duckdb, chdb and pytz.
"""

import datetime
import decimal
import importlib
import importlib.util
import json
import os
import sys
import time
from pathlib import Path

# BENCH is not ours to write in.
sys.dont_write_bytecode = True


def load(bench, name):
    """A program of SOC-Bench as a module."""
    spec = importlib.util.spec_from_file_location(f"soc_bench_{name}", bench / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def plain(value):
    """A value that JSON has no form for; times as RFC 3339 text."""
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    return float(value) if isinstance(value, decimal.Decimal) else str(value)


def answers(bench, data, threads, say):
    """DuckDB's answer to each query, and what differs in ClickHouse's."""
    check = load(bench, "check")
    _, duckdb = check.duckdb_engine(data, threads)
    clickhouse = check.chdb_engine(data, threads)
    for query in sorted((bench / "queries").glob("*.kql")):
        text = lambda peer: query.with_suffix(f".{peer}.sql").read_text(encoding="utf-8")
        try:
            columns, rows = duckdb(text("duckdb"))
        except Exception as error:  # a peer's own error is a result
            say({"id": query.stem, "error": str(error)})
            continue
        try:
            other = check.difference((columns, rows), clickhouse(text("clickhouse")))
        except Exception as error:
            other = str(error)
        say({"id": query.stem, "columns": columns, "rows": rows, "clickhouse": other})


def race(bench, data, threads, engine, storage, say):
    """Runs queries by name as they are asked for; answers are fetched whole."""
    setup = load(bench, "race")
    run = {"duckdb": setup.duck, "clickhouse": setup.house}[engine](data, storage, threads, os.getcwd())
    if storage == "native":
        # Loading is not what is measured: the peak counts from here.
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    package = {"duckdb": "duckdb", "clickhouse": "chdb"}[engine]
    say({"version": f"{package} {importlib.import_module(package).__version__}"})
    for line in sys.stdin:
        text = (bench / f"queries/{line.strip()}.{engine}.sql").read_text(encoding="utf-8")
        started = time.perf_counter()
        try:
            rows = run(text)
            say({"ms": (time.perf_counter() - started) * 1000, "rows": rows})
        except Exception as error:
            say({"error": str(error)})


def main():
    bench, data, threads, *what = sys.argv[1:]
    # What an engine prints by itself must not come between the answers.
    own = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def say(answer):
        own.write(json.dumps(answer, default=plain) + "\n")
        own.flush()

    if what == ["answers"]:
        answers(Path(bench), data, int(threads), say)
    else:
        race(Path(bench), data, int(threads), *what, say)


if __name__ == "__main__":
    main()
