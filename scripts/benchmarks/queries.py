"""Query latency, and SOC-Bench beside DuckDB."""

import importlib.util
import json
import math
import statistics
import subprocess
import sys
import time
from pathlib import Path

from benchmarks import data
from benchmarks.life import loaded_folder
from benchmarks.process import Client, Server, run
from benchmarks.report import table_lines

# What an analyst asks all day: name, query.
TYPICAL = [
    ("count", "SecurityEvent | count"),
    ("filter by a term", "Syslog | where SyslogMessage has 'Failed' | count"),
    ("newest 100 of a filter", "SecurityEvent | where EventID == 4625 | top 100 by TimeGenerated"),
    ("group by time", "CommonSecurityLog | summarize count() by bin(TimeGenerated, 1h)"),
    ("group by account", "SecurityEvent | summarize count(), dcount(Computer) by TargetAccount | top 20 by count_"),
    ("join", "SecurityEvent | where EventID == 4625 | summarize failed = count() by TargetAccount "
             "| join kind=inner (SecurityEvent | where EventID == 4624 | summarize ok = count() by TargetAccount) "
             "on TargetAccount | top 20 by failed"),
]


def timed(action):
    started = time.perf_counter()
    answer = action()
    return (time.perf_counter() - started) * 1000, answer


def typical(options, report):
    """A few queries over the lake: asked of a running server, and as one command each."""
    folder, rows, _ = loaded_folder(options)
    report.section(f"Queries over the lake ({rows:,} rows)", "scripts/bench --only query")
    with Server(options.bin, folder, options.scratch) as server:
        client = Client(server.port, server.token("read"))
        for name, text in TYPICAL:
            first, _ = timed(lambda: client.query(text))
            report.figure(f"{name}: first", first, "ms")
            report.figure(f"{name}: again", [timed(lambda: client.query(text))[0] for _ in range(max(5, options.runs))], "ms")
        client.close()
        peak = server.peak_bytes() / 1e6
    report.figure("server's peak memory", peak, "MB", 0)
    walls, peaks = [], []
    for _ in range(options.runs):
        done = run([options.bin, "query", TYPICAL[0][1], "--format", "ndjson"], options.scratch, folder)
        walls.append(done.seconds * 1000)
        peaks.append(done.peak_bytes / 1e6)
    report.figure("`watchfloor query`, whole command (count)", walls, "ms", 0)
    report.figure("`watchfloor query`, peak memory (count)", peaks, "MB", 0)
    for name, text in TYPICAL:
        report.note(f"{name}: `{text}`")


def races(options, report):
    """The 16 queries of SOC-Bench on the same rows: the lake through its server, the Parquet files loaded into
    memory, and DuckDB on the Parquet files."""
    folder = options.corpora.parent / "bench"
    names = sorted(path.stem for path in (folder / "queries").glob("*.kql"))
    if not names:
        raise RuntimeError(f"no SOC-Bench queries: {folder} is missing (--corpora)")
    texts = {name: (folder / f"queries/{name}.kql").read_text(encoding="utf-8") for name in names}
    rows = data.table_rows(options, "parquet")
    report.section(f"SOC-Bench beside DuckDB ({max(options.events, 20_000):,} events, seed 7)", "scripts/bench --only soc-bench")
    reference = duckdb(options, report, folder, rows, names)
    lake, lake_answers = over_lake(options, texts)
    memory, memory_answers = over_parquet(options, rows, texts)
    differs = checker(folder)
    table, ratios, unanswered = [], [], []
    for name in names:
        peer = reference.get(name)
        peer_ms = statistics.median(peer["ms"]) if peer and "ms" in peer else None
        ours, loaded = (statistics.median(t[name]) if name in t else None for t in (lake, memory))
        verdicts = [answer if isinstance(answer, str) else differs(peer, answer, name)
                    for answer in (lake_answers[name], memory_answers[name])]
        unanswered += [[name, where, one_line(verdict)] for where, verdict in zip(("lake", "files"), verdicts) if verdict]
        # Speed counts for the right answer only.
        ratio = ours / peer_ms if ours and peer_ms and not verdicts[0] else None
        if ratio:
            ratios.append(ratio)
        same = "" if peer_ms is None else "no" if any(verdicts) else "yes"
        table.append([name, ours, loaded, peer_ms, ratio, same])
    report.table(["query", "lake, ms", "files in memory, ms", "DuckDB, ms", "lake / DuckDB", "same answer"], table)
    if ratios:
        mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
        report.note(f"Geometric mean of lake / DuckDB: {mean:.2f} over {len(ratios)} queries, worst {max(ratios):.2f}.")
    report.note("Medians. `lake`: rows ingested before, asked over HTTP, answer fetched whole. `files in memory`: "
                "`watchfloor kql run --load`, engine time alone, Parquet read into memory before. `DuckDB`: in "
                f"process, on the Parquet files, {options.threads} threads. Everything is warm. "
                "Columns that only the lake's tables have are left aside when answers are compared.")
    if unanswered:
        report.note("Not answered, or with another answer:")
        report.note("\n".join(table_lines(["query", "where", "what"], unanswered)))


def over_lake(options, texts):
    """Times and answers by query; a failure's words in the place of an answer."""
    folder, _, _ = loaded_folder(options)
    times, answers = {}, {}
    with Server(options.bin, folder, options.scratch) as server:
        client = Client(server.port, server.token("read"))
        for name, text in texts.items():
            try:
                table = client.query(text)
                answers[name] = ([column["name"] for column in table["columns"]], table["rows"])
                times[name] = [timed(lambda: client.query(text))[0] for _ in range(options.runs)]
            except (RuntimeError, OSError) as error:
                answers[name] = one_line(error)
        client.close()
    return times, answers


def over_parquet(options, rows, texts):
    """The same through `kql run --load`: every query once to warm up, then `--runs` times."""
    requests = options.scratch / "requests.jsonl"
    with open(requests, "w", encoding="utf-8") as file:
        for name, text in texts.items():
            for turn in range(options.runs + 1):
                file.write(json.dumps({"id": f"{name}#{turn}", "query": text}) + "\n")
    load = [part for file in sorted(rows.glob("*/*.parquet")) for part in ("--load", f"{file.parent.name}={file}")]
    try:
        done = run([options.bin, "kql", "run", *load], options.scratch, options.scratch, stdin=requests, accept=(0, 1))
    except RuntimeError as error:
        return {}, dict.fromkeys(texts, one_line(error))
    # A query that the run did not come to is one without an answer.
    times, answers = {}, dict.fromkeys(texts, "no answer")
    for line in done.stdout.splitlines():
        answer = json.loads(line)
        name, turn = answer["id"].rsplit("#", 1)
        if not answer["ok"]:
            answers[name] = one_line(answer["error"])
        elif turn == "0":
            answers[name] = ([column["name"] for column in answer["columns"]], answer["rows"])
        else:
            times.setdefault(name, []).append(answer["elapsed_ms"])
    return times, answers


def one_line(error):
    return " ".join(str(error).split())[:200]


def duckdb(options, report, folder, rows, names):
    """DuckDB's times and answers by query; empty where it can't be had."""
    if options.python is None:
        report.note(f"DuckDB is not there: no ratios. It comes with `pip install {' '.join(data.PACKAGES)}` and --python.")
        return {}
    script = Path(__file__).with_name("duckdb_times.py")
    done = subprocess.run([options.python, script, rows, folder / "queries", str(options.runs), str(options.threads), *names],
                          capture_output=True, text=True)
    if done.returncode != 0:
        report.note(f"DuckDB failed: {one_line(done.stderr[-300:])}")
        return {}
    answers = {}
    for line in done.stdout.splitlines():
        answer = json.loads(line)
        if "error" in answer:
            report.note(f"DuckDB failed on {answer['id']}: {one_line(answer['error'])}")
        elif "version" in answer:
            report.note(f"DuckDB {answer['version']}.")
        else:
            answers[answer["id"]] = answer
    return answers


def checker(folder):
    """SOC-Bench's own comparison of answers: `None` when two agree, else what differs first."""
    spec = importlib.util.spec_from_file_location("soc_bench_check", folder / "check.py")
    module = importlib.util.module_from_spec(spec)
    kept, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        spec.loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = kept

    def differs(peer, answer, name):
        if not peer:
            return None
        columns, rows = answer
        if set(columns) > set(peer["columns"]):
            # `arg_max(..., *)`: a table of the lake has more columns than the Parquet files.
            at = [columns.index(column) for column in peer["columns"]]
            answer = (peer["columns"], [[row[i] for i in at] for row in rows])
        return module.difference((peer["columns"], peer["rows"]), answer, name)
    return differs
