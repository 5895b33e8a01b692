"""DuckDB's answers and times, one JSON object a query: duckdb_times.py DATA QUERIES RUNS THREADS NAME..."""

import json
import sys
import time
from pathlib import Path

import duckdb


def plain(value):
    """A value as JSON has it; times as RFC 3339 text."""
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def main():
    data, queries, runs, threads, *names = sys.argv[1:]
    con = duckdb.connect(config={"threads": int(threads)})
    con.execute("SET TimeZone = 'UTC'")
    for folder in sorted(Path(data).iterdir()):
        if folder.is_dir():
            con.execute(f"CREATE VIEW {folder.name} AS SELECT * FROM read_parquet('{folder}/*.parquet')")
    print(json.dumps({"version": duckdb.__version__}))
    for name in names:
        text = (Path(queries) / f"{name}.duckdb.sql").read_text(encoding="utf-8")
        times = []
        try:
            for _ in range(int(runs) + 1):
                started = time.perf_counter()
                cursor = con.execute(text)
                columns, rows = [column[0] for column in cursor.description], cursor.fetchall()
                times.append((time.perf_counter() - started) * 1000)
        except duckdb.Error as error:
            print(json.dumps({"id": name, "error": str(error)}))
            continue
        # The first run warms up, as it does for the engine beside.
        print(json.dumps({"id": name, "ms": times[1:], "columns": columns, "rows": rows}, default=plain))


if __name__ == "__main__":
    main()
