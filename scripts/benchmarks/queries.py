"""Query latency."""

import time

from benchmarks.life import loaded_folder
from benchmarks.process import Client, Server, run

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
