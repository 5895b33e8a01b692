"""Start, size, flush, and rules over files."""

import re
import shutil

from benchmarks import data
from benchmarks.durations import milliseconds
from benchmarks.ingest import fresh, ingest
from benchmarks.process import Server, run

NEVER = """title: Never
id: 00000000-0000-4000-8000-000000000001
status: test
logsource: {product: windows}
detection:
  selection: {EventID: 999999}
  condition: selection
level: low
"""


def hunt(options, report):
    """Sigma rules over dense EVTX, beside one rule that never matches: the difference is the matching."""
    rules = options.corpora / "sigma/rules"
    if not rules.is_dir():
        raise RuntimeError(f"no rules: {rules} is missing (--corpora)")
    path, what = data.dense_evtx(options)
    report.section(f"Sigma rules over EVTX ({what})", "scripts/bench --only hunt")
    never = options.scratch / "never.yml"
    never.write_text(NEVER, encoding="utf-8")
    rates, costs, walls, peaks, starts = [], [], [], [], []
    for _ in range(options.runs):
        base, _, _ = hunted(options, path, never)
        all_rules, loaded, found = hunted(options, path, rules)
        walls.append(all_rules.seconds)
        rates.append(found["rate"])
        starts.append(all_rules.seconds - found["seconds"])
        costs.append((all_rules.cpu_seconds - base.cpu_seconds) / found["events"] * 1e6)
        peaks.append(all_rules.peak_bytes / 1e6)
    report.figure("all rules, by the command's last line", rates, "events/s", 0)
    report.figure("whole command", walls, "s", 2)
    report.figure("of which before the first event (reading and compiling rules)", starts, "s", 2)
    report.figure("all rules above one rule, loading included", costs, "CPU µs an event", 2)
    report.figure("peak memory", peaks, "MB", 0)
    report.note(f"{loaded}; {found['events']:,} events, {found['matches']:,} matches.")


def hunted(options, path, rules):
    done = run([options.bin, "hunt", path, "--rules", rules, "--format", "ndjson"], options.scratch,
               fresh(options, "hunt"), keep_stdout=False)
    last = done.stderr.strip().splitlines()[-1]
    form = re.fullmatch(r"hunt: (\d+) events, (\d+) matches, ([\d.]+) s, (\d+) events/s", last)
    if not form or form[1] == "0":
        raise RuntimeError(f"the last line of `hunt` says: {last[:200]}")
    loaded = next((line[6:] for line in done.stderr.splitlines() if re.match(r"hunt: \d+ rules loaded", line)), "")
    return done, loaded, {"events": int(form[1]), "matches": int(form[2]), "seconds": float(form[3]), "rate": float(form[4])}


def start(options, report):
    """From the start of the process to the first 200 of `/readyz`."""
    report.section("Start to /readyz", "scripts/bench --only start")
    first, second, loaded, idle = [], [], [], []
    for _ in range(options.runs):
        folder = fresh(options, "start")
        with Server(options.bin, folder, options.scratch) as server:
            first.append(server.ready_seconds)
            idle.append(server.peak_bytes() / 1e6)
        with Server(options.bin, folder, options.scratch) as server:
            second.append(server.ready_seconds)
    folder, rows, lake_bytes = loaded_folder(options)
    for _ in range(options.runs):
        with Server(options.bin, folder, options.scratch) as server:
            loaded.append(server.ready_seconds)
    report.figure("new folder (certificate, databases, first user)", first, "s", 2)
    report.figure("empty folder, second start", second, "s", 2)
    report.figure(f"folder with {rows:,} rows ({lake_bytes / 1e6:.0f} MB)", loaded, "s", 2)
    report.figure("peak memory once ready, new folder", idle, "MB", 0)
    report.note("Nothing is dropped from the operating system's page cache: after the first run the program and "
                "its files are in memory.")


def loaded_folder(options):
    """A data folder with the NDJSON tables in it, made once."""
    name = f"loaded-{options.events}"
    folder, marker = options.work / "data" / name, options.work / f"data/{name}.rows"
    if not marker.is_file():
        folder = fresh(options, name)
        paths = sorted(data.table_rows(options, "ndjson").glob("*.ndjson"))
        _, lines = ingest(options, folder, paths)
        marker.write_text(str(sum(line["rows"] for line in lines)), encoding="ascii")
    return folder, int(marker.read_text(encoding="ascii")), data.size([folder])


def binary(options, report):
    """The program as built and without symbols."""
    report.section("Size of the program", "scripts/bench --only size")
    report.figure("as built", options.bin.stat().st_size / 1e6, "MB")
    if shutil.which("strip"):
        stripped = options.scratch / "stripped"
        data.make(["strip", "-o", stripped, options.bin])
        report.figure("without symbols (strip)", stripped.stat().st_size / 1e6, "MB")
        stripped.unlink()
    else:
        report.note("`strip` is not installed: only the size as built.")


def flush(options, report):
    """What a flush costs as a table's log grows, and what opening costs then."""
    program = options.flush_times
    if program is None or not program.is_file():
        raise RuntimeError("the example is not built: cargo build --release -p lake --example flush_times, "
                           "then name it with --flush-times")
    report.section(f"Flush and open ({options.commits:,} commits of 1,000 rows to one table)", "scripts/bench --only flush")
    seen = {}
    for _ in range(options.runs):
        folder = fresh(options, "flush")
        done = run([program, folder / "lake", str(options.commits)], options.scratch)
        for line in done.stdout.splitlines():
            what, _, rest = line.rpartition(": ")
            if not what:
                continue
            for part in rest.split(", "):
                words = part.split(" ")
                name = f"{what}: {' '.join(words[:-1])}" if len(words) > 1 else what
                seen.setdefault(name, []).append(milliseconds(words[-1]))
        shutil.rmtree(folder)
    if not seen:
        raise RuntimeError("the example printed nothing")
    for name, values in seen.items():
        report.figure(name, values, "ms", 2)
    report.note("A flush writes a Parquet file, syncs it and its folder, commits, syncs the commit and trims the log.")
