"""SOC-Bench: its queries, the peers' answers and times, and the lake beside them."""

import json
import math
import os
import shutil
import statistics
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

from benchmarks import data, peers
from benchmarks.ingest import fresh
from benchmarks.life import loaded_folder
from benchmarks.process import Client, Server, memory_of, run
from benchmarks.report import table_lines

SCRIPT = Path(peers.__file__).resolve()
ENGINES = {"duckdb": "DuckDB", "clickhouse": "ClickHouse"}
STORAGE = {"parquet": "Parquet files", "native": "the peers' own storage"}
# One address, one file hash: few rows out of all tables.
NEEDLES = ("04", "05")


def bench_folder(options):
    """Where SOC-Bench lies."""
    return options.corpora.parent / "bench"


def query_texts(options):
    """The queries in KQL, by name."""
    folder = bench_folder(options)
    texts = {path.stem: path.read_text(encoding="utf-8") for path in sorted((folder / "queries").glob("*.kql"))}
    if not texts:
        raise RuntimeError(f"no SOC-Bench queries: {folder} is missing (--corpora)")
    return texts


def one_line(error):
    return " ".join(str(error).split())[:200]


def filled_lake(options):
    """A data folder with the events of the Parquet files in it, made once; and how it was filled."""
    rows = data.table_rows(options, "parquet")
    if not options.load_parquet.is_file():
        return loaded_folder(options)[0], "`ingest` of NDJSON"
    name = f"filled-{options.events}"
    folder, marker = options.work / "data" / name, options.work / f"data/{name}.done"
    if not marker.is_file():
        folder = fresh(options, name)
        run([options.load_parquet, folder / "lake", rows], options.scratch)
        marker.touch()
    return folder, "the lake's example `load_parquet`"


def peers_command(options, folder, *what):
    """How `peers.py` is started in a folder of its own."""
    return {"args": [options.python, SCRIPT, bench_folder(options), data.table_rows(options, "parquet"),
                     str(options.threads), *what],
            "cwd": folder, "env": {**os.environ, "TMPDIR": str(folder)}, "text": True}


@contextmanager
def scratch_folder(options, name):
    """An empty folder for what a peer writes; removed with it."""
    folder = options.scratch / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Reference:
    """DuckDB's answers over the Parquet files, and SOC-Bench's rules of when another is the same."""

    def __init__(self, options):
        self.answers, self.disputed = {}, []
        self.difference = peers.load(bench_folder(options), "check").difference
        with scratch_folder(options, "reference") as folder:
            done = subprocess.run(**peers_command(options, folder, "answers"), capture_output=True)
        if done.returncode != 0:
            raise RuntimeError(f"the peers gave no answers: {one_line(done.stderr[-300:])}")
        for answer in map(json.loads, done.stdout.splitlines()):
            if "error" in answer:
                raise RuntimeError(f"DuckDB failed on {answer['id']}: {one_line(answer['error'])}")
            self.answers[answer["id"]] = (answer["columns"], answer["rows"])
            if answer["clickhouse"]:
                self.disputed.append(f"{answer['id']}: {one_line(answer['clickhouse'])}")

    def differs(self, name, table):
        """What differs first in a table of the server's answer; `None` when it is the same."""
        wanted, rows = self.answers[name][0], table["rows"]
        columns = [column["name"] for column in table["columns"]]
        if set(columns) > set(wanted):
            # `arg_max(..., *)`: a table of the lake has more columns than the Parquet files.
            at = [columns.index(column) for column in wanted]
            columns, rows = wanted, [[row[i] for i in at] for row in rows]
        return self.difference(self.answers[name], (columns, rows), name)


class Peer:
    """An engine in a process of its own that runs queries when asked; ended with the `with` block."""

    def __init__(self, options, engine, storage, folder):
        self.log = folder / "stderr"
        with open(self.log, "wb") as log:
            self.child = subprocess.Popen(**peers_command(options, folder, engine, storage), stdin=subprocess.PIPE,
                                          stdout=subprocess.PIPE, stderr=log)
        self.version = self.answer()["version"]

    def answer(self):
        line = self.child.stdout.readline()
        if not line:
            told = one_line(self.log.read_text(errors="replace")[-200:])
            raise RuntimeError(f"a peer ended with {self.child.wait()}: {told}")
        return json.loads(line)

    def run(self, name, _):
        """Milliseconds of a query, answer fetched whole."""
        self.child.stdin.write(name + "\n")
        self.child.stdin.flush()
        answer = self.answer()
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["ms"]

    def peak_bytes(self):
        return memory_of(self.child.pid, "VmHWM")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.kill()
        self.child.communicate()


class Asked:
    """The lake through its server; keeps what differs in the first answer to each query."""

    def __init__(self, server, reference):
        self.client, self.reference, self.verdicts = Client(server.port, server.token("read")), reference, {}
        self.peak_bytes = server.peak_bytes

    def run(self, name, text):
        started = time.perf_counter()
        try:
            table = self.client.query(text)
        except (RuntimeError, OSError) as error:
            self.verdicts[name] = one_line(error)
            raise
        took = (time.perf_counter() - started) * 1000
        if name not in self.verdicts:
            difference = self.reference.differs(name, table)
            self.verdicts[name] = difference and one_line(difference)
        return took


def races(options, report):
    """The queries on the same events: the lake over HTTP, DuckDB and ClickHouse, in turn."""
    texts = query_texts(options)
    folder, how = filled_lake(options)
    reference = Reference(options)
    for storage in STORAGE if options.storage == "both" else [options.storage]:
        report.section(f"SOC-Bench beside {STORAGE[storage]} ({max(options.events, 20_000):,} events, seed 7)",
                       f"scripts/bench --only soc-bench --storage {storage} --events {options.events}")
        race(options, report, texts, reference, folder, storage)
    report.note("Medians after a warm-up, engines in turn query by query, answers fetched whole. The lake was filled "
                f"by {how} and is asked over HTTP. DuckDB and ClickHouse run in a process each, {options.threads} "
                "threads; their peak memory is the process's largest resident set, Python's own and the answers "
                "included, and of the loading of their own storage only what stayed. Columns that only the lake's tables have are left aside "
                "when answers are compared; a wrong answer has no ratio.")
    if reference.disputed:
        report.note(f"ClickHouse gives another answer than DuckDB: {'; '.join(reference.disputed)}.")
    weigh(options, report, folder)


def race(options, report, texts, reference, folder, storage):
    with scratch_folder(options, "duckdb") as one, scratch_folder(options, "clickhouse") as two, \
            Peer(options, "duckdb", storage, one) as duckdb, Peer(options, "clickhouse", storage, two) as clickhouse, \
            Server(options.bin, folder, options.scratch) as server:
        lake = Asked(server, reference)
        engines = {"DuckDB": duckdb, "ClickHouse": clickhouse, "Watchfloor": lake}
        times, failed = in_turn(engines, texts, options.runs)
        lake.client.close()
        peaks = {name: engine.peak_bytes() / 1e6 for name, engine in engines.items()}
        report.note(f"DuckDB is {duckdb.version}, ClickHouse {clickhouse.version}.")
    table, ratios = [], {}
    for name in texts:
        ms = {engine: None if (engine, name) in failed else statistics.median(times[engine, name]) for engine in engines}
        fastest = min((ms[engine] for engine in ENGINES.values() if ms[engine]), default=None)
        wrong = lake.verdicts[name]
        if fastest and ms["Watchfloor"] and not wrong:
            ratios[name] = ms["Watchfloor"] / fastest
        table.append([name, *ms.values(), ratios.get(name), "no" if wrong else "yes"])
    report.table(["query", *(f"{engine}, ms" for engine in engines), "Watchfloor / the faster", "right"], table)
    for name, peak in peaks.items():
        report.figure("the server's peak memory" if name == "Watchfloor" else f"{name}'s peak memory", peak, "MB", 0)
    tell(report, ratios, {name: wrong for name, wrong in lake.verdicts.items() if wrong}, failed)


def in_turn(engines, texts, runs):
    """Times by engine and query; and why an engine failed."""
    times, failed = {}, {}
    for name, text in texts.items():
        for turn in range(runs + 1):
            for engine, asked in engines.items():
                try:
                    took = asked.run(name, text)
                except (RuntimeError, OSError) as error:  # one engine's failure does not end the race
                    failed[engine, name] = one_line(error)
                    continue
                # The first turn warms up.
                if turn:
                    times.setdefault((engine, name), []).append(took)
    return times, failed


def tell(report, ratios, wrong, failed):
    """The comparison in words, and what came out wrong."""
    if ratios:
        mean = math.exp(sum(map(math.log, ratios.values())) / len(ratios))
        worst = max(ratios, key=ratios.get)
        needles = ", ".join(f"{name} {ratio:.2f}" for name, ratio in ratios.items() if name.startswith(NEEDLES))
        report.note(f"Watchfloor / the faster peer: geometric mean {mean:.2f} over {len(ratios)} queries, worst "
                    f"{ratios[worst]:.2f} ({worst}); needle queries: {needles or 'not among them'}.")
    rows = [["Watchfloor", name, what] for name, what in wrong.items()]
    rows += [[engine, name, what] for (engine, name), what in failed.items() if engine != "Watchfloor"]
    report.note("All answers are right." if not wrong else f"{len(wrong)} not answered, or with another answer:")
    if rows:
        report.note("\n".join(table_lines(["engine", "query", "what"], rows)))


def merged_away(table):
    """Names of files that the table's log has removed; they stay for queries that began before."""
    actions = (json.loads(line) for log in (table / "_delta_log").glob("*.json") for line in log.read_text().splitlines())
    return {action["remove"]["path"] for action in actions if "remove" in action}


def weigh(options, report, folder):
    """The size of the lake beside the Parquet files of the same events."""
    rows = data.table_rows(options, "parquet")
    peers_bytes = data.size(rows.glob("*/*.parquet"))
    files = index = 0
    for table in (folder / "lake/tables" / path.name for path in rows.iterdir() if path.is_dir()):
        gone = merged_away(table)
        live = [path for path in table.glob("*.parquet") if path.name not in gone]
        files += data.size(live)
        index += data.size(table / f"_watchfloor/index/{path.name}.terms" for path in live)
    report.section("SOC-Bench: size of the lake", f"scripts/bench --only soc-bench --events {options.events}")
    report.figure("the peers' Parquet files", peers_bytes / 1e6, "MB")
    report.figure("the lake's data files", files / 1e6, "MB")
    report.figure("the lake's index", index / 1e6, "MB")
    report.note(f"Bytes over the peers' Parquet files: data files {files / peers_bytes:.3f}, index "
                f"{index / peers_bytes:.3f}, together {(files + index) / peers_bytes:.3f}.")
