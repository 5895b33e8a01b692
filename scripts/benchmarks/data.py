"""Makes the inputs: dense EVTX, larger CloudTrail, rows of Log Analytics tables as NDJSON and Parquet."""

import json
import os
import random
import subprocess
import sys
import uuid
from pathlib import Path

# chdb is ClickHouse. DuckDB needs the last one for times with a zone.
PACKAGES = ["numpy", "pyarrow", "duckdb", "chdb", "pytz"]


def bench_python(given):
    """A Python with those packages, made once in the cache; `None` where that fails."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "watchfloor"
    own = cache / "bench-venv"
    candidates = [Path(given)] if given else [Path(sys.executable), own / "bin/python"]
    check = ["-c", "import " + ", ".join(PACKAGES)]
    for python in candidates:
        if python.exists() and subprocess.run([python, *check], capture_output=True).returncode == 0:
            return python
    if given:
        return None
    print(f"installing {', '.join(PACKAGES)} into {own}", file=sys.stderr)
    made = subprocess.run([sys.executable, "-m", "venv", own], capture_output=True)
    if made.returncode == 0:
        made = subprocess.run([own / "bin/pip", "install", "--quiet", *PACKAGES], capture_output=True)
    if made.returncode == 0:
        return own / "bin/python"
    print(f"note: that failed: {made.stderr.decode(errors='replace').strip()[-300:]}", file=sys.stderr)
    return None


def size(paths):
    """Bytes of files, and of the files of folders."""
    return sum(f.stat().st_size for p in paths for f in ([p] if p.is_file() else p.rglob("*")) if f.is_file())


def make(command):
    """Runs a maker of inputs; what it says is told only when it fails."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"`{command[0]} {command[1]} ...` ended with {done.returncode}: {done.stderr.strip()[-300:]}")


def dense_evtx(options):
    """EVTX files of full chunks only, made from those of the corpus. The corpus itself when there is no maker."""
    source, maker = options.corpora / "evtx", options.corpora.parent / "tools/make-dense-evtx.py"
    if not source.is_dir():
        raise RuntimeError(f"no EVTX files: {source} is missing (--corpora)")
    if not maker.is_file():
        return source, "the corpus's own files"
    out = options.work / f"evtx-{options.evtx_mb}mb"
    chunks = 320
    files = max(1, round(options.evtx_mb * 1e6 / (chunks * 65536)))
    if not out.is_dir():
        made = out.with_name(out.name + ".part")
        make([sys.executable, maker, source, made, str(files), str(chunks)])
        made.rename(out)
    return out, f"dense files, {size([out]) / 1e6:.0f} MB"


def many_cloudtrail(options):
    """The corpus's CloudTrail files over and over, each time with other event ids, up to the size asked for."""
    source, out = options.corpora / "cloudtrail", options.work / f"cloudtrail-{options.cloudtrail_mb}mb"
    if out.is_dir():
        return out
    logs = []
    for path in sorted(source.rglob("*.json")):
        log = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(log, dict) and isinstance(log.get("Records"), list):
            logs.append((path.stem, log))
    if not logs:
        raise RuntimeError(f"no CloudTrail files: {source} has none (--corpora)")
    made = out.with_name(out.name + ".part")
    made.mkdir(parents=True, exist_ok=True)
    written, turn, numbers = 0, 0, random.Random(1)
    while written < options.cloudtrail_mb * 1e6:
        for stem, log in logs:
            for record in log["Records"]:
                record["eventID"] = str(uuid.UUID(int=numbers.getrandbits(128)))
            text = json.dumps(log, separators=(",", ":"))
            (made / f"{stem}_{turn:04}.json").write_text(text, encoding="utf-8")
            written += len(text)
        turn += 1
    made.rename(out)
    return out


def table_rows(options, kind):
    """Rows of several tables: `TABLE.ndjson` files, or one folder of Parquet a table."""
    out = options.work / f"rows-{options.events}-{kind}"
    generator = options.corpora.parent / "bench/generate.py"
    if out.is_dir():
        return out
    made = out.with_name(out.name + ".part")
    if options.python and generator.is_file():
        # At least 15 days: what some of the queries look back over.
        make([options.python, generator, "--events", str(max(options.events, 20_000)), "--days", "15",
              "--seed", "7", "--out", made, "--format", kind])
    elif kind == "ndjson":
        plain_rows(made, options.events)
    else:
        raise RuntimeError(f"Parquet needs the generator beside the corpora and a Python with {', '.join(PACKAGES)} (--python)")
    made.rename(out)
    return out


def plain_rows(out, events):
    """Three tables from the standard library alone, for machines without the generator."""
    out.mkdir(parents=True, exist_ok=True)
    dice = random.Random(7)
    stamp = lambda i: f"2026-03-{1 + i * 6 // events:02}T{i // 3600 % 24:02}:{i // 60 % 60:02}:{i % 60:02}.{i % 1_000_000:06}Z"
    makers = {
        "SecurityEvent": lambda i: {"EventID": dice.choice([4624, 4625, 4688]), "TargetAccount": f"CORP\\u{dice.randrange(900)}",
                                    "Computer": f"h{dice.randrange(400)}", "IpAddress": f"10.0.{dice.randrange(99)}.{dice.randrange(250)}",
                                    "CommandLine": f"powershell -File job{dice.randrange(9999)}.ps1"},
        "CommonSecurityLog": lambda i: {"DeviceVendor": "Any", "DeviceAction": dice.choice(["deny", "allow"]), "SourceIP": f"198.51.100.{dice.randrange(250)}",
                                        "DestinationIP": f"10.0.{dice.randrange(99)}.{dice.randrange(250)}", "DestinationPort": dice.choice([22, 443, 3389]),
                                        "SentBytes": dice.randrange(99999), "ReceivedBytes": dice.randrange(99999)},
        "Syslog": lambda i: {"Computer": f"l{dice.randrange(400)}", "Facility": "auth", "ProcessName": "sshd",
                             "SyslogMessage": f"Failed password for root from 203.0.113.{dice.randrange(250)} port {dice.randrange(65535)} ssh2"},
    }
    for table, make in makers.items():
        with open(out / f"{table}.ndjson", "w", encoding="utf-8") as file:
            for i in range(events // len(makers)):
                file.write(json.dumps({"TimeGenerated": stamp(i), **make(i), "Type": table}) + "\n")
