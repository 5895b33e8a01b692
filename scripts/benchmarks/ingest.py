"""Files and requests into the lake: speed and memory."""

import json
import shutil
import statistics
import threading
import time

from benchmarks import data
from benchmarks.process import Client, Server, run

# Events a request carries, and what is posted in one run at most.
BATCH = 1000
ATTEMPTS = 50


def fresh(options, name):
    """An empty data folder."""
    folder = options.work / "data" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def ingest(options, folder, paths, accept=(0,)):
    """Runs `ingest`; gives how it went and its line for each source."""
    done = run([options.bin, "ingest", *paths, "--format", "ndjson"], options.scratch, folder, accept=accept)
    return done, [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def files(options, report, title, name, paths, records):
    """Ingests files into empty folders, `--runs` times; the last folder is kept for others to query."""
    report.section(title, f"scripts/bench --only {name}")
    megabytes = data.size(paths) / 1e6
    rates, events, inner, peaks, cpu = [], [], [], [], []
    for _ in range(options.runs):
        done, lines = ingest(options, fresh(options, name), paths, accept=(0, 1))
        stored = sum(line["rows"] for line in lines)
        if not stored:
            raise RuntimeError(f"nothing was stored: {done.stderr.strip()[-300:]}")
        rates.append(megabytes / done.seconds)
        events.append(stored / done.seconds)
        # Sources are read one after the other; their own seconds leave start, detection and end out.
        own = sum(line["seconds"] for line in lines)
        inner.append(stored / own if own else 0)
        peaks.append(done.peak_bytes / 1e6)
        cpu.append(stored / done.cpu_seconds)
    report.figure("whole command", rates, "MB/s")
    report.figure("whole command", events, f"{records}/s", 0)
    report.figure("reading and storing alone, by the command's own seconds", inner, f"{records}/s", 0)
    report.figure("a CPU second", cpu, records, 0)
    report.figure("peak memory", peaks, "MB", 0)
    counts = {key: sum(line[key] for line in lines) for key in ("records_in", "rows", "duplicates", "filtered", "rejects")}
    report.note(f"Input: {megabytes:.1f} MB; " + ", ".join(f"{key} {value:,}" for key, value in counts.items())
                + ". The whole command is start, ingest, the built-in rules over what came, flush and end.")
    if done.stderr.count("error:"):
        report.note(f"Files that failed: {done.stderr.count('error:')}.")


def evtx(options, report):
    path, what = data.dense_evtx(options)
    files(options, report, f"EVTX into the lake ({what})", "evtx", [path], "events")


def cloudtrail(options, report):
    files(options, report, "CloudTrail files into the lake", "cloudtrail", [data.many_cloudtrail(options)], "records")


def ndjson(options, report):
    paths = sorted(data.table_rows(options, "ndjson").glob("*.ndjson"))
    files(options, report, f"NDJSON files into the lake ({len(paths)} tables)", "ndjson", paths, "rows")


def batches(options):
    """Where each batch is: table, file, offset, length, records. Bodies are read when they are sent, so that
    this process stays small."""
    found = []
    for path in sorted(data.table_rows(options, "ndjson").glob("*.ndjson")):
        start = at = lines = 0
        with open(path, "rb") as file:
            for line in file:
                at, lines = at + len(line), lines + 1
                if lines == BATCH:
                    found.append((path.stem, path, start, at - start, lines))
                    start, lines = at, 0
        if lines:
            found.append((path.stem, path, start, at - start, lines))
    # Tables in turn, as they come from a mixed estate.
    found.sort(key=lambda batch: (batch[2] // max(1, batch[3]), batch[0]))
    return found


class Shippers:
    """Clients that post batches until none is left; each retries an unanswered one with the same key."""

    def __init__(self, server, token, work):
        self.server, self.token, self.work = server, token, list(work)
        self.lock, self.next, self.latencies, self.retries = threading.Lock(), 0, [], 0
        self.stored, self.rejected, self.error = 0, 0, None

    def take(self):
        with self.lock:
            if self.error or self.next >= len(self.work):
                return None
            self.next += 1
            return self.next - 1, self.work[self.next - 1]

    def ship(self):
        client = Client(self.server.port, self.token)
        try:
            while (job := self.take()) is not None:
                self.send(client, *job)
        except Exception as error:  # handed to the thread that waits
            self.error = error
        finally:
            client.close()

    def send(self, client, key, batch):
        table, path, start, length, _ = batch
        with open(path, "rb") as file:
            file.seek(start)
            body = file.read(length)
        headers = {"Idempotency-Key": f"batch-{key}", "Content-Type": "application/x-ndjson"}
        for _ in range(ATTEMPTS):
            started = time.perf_counter()
            try:
                status, content = client.post(f"/api/v1/ingest/{table}", body, headers)
            except OSError:
                status, content = 0, b"no answer"
            if status == 200:
                answer = json.loads(content)
                with self.lock:
                    self.latencies.append((time.perf_counter() - started) * 1000)
                    self.stored += answer["accepted"] + answer["duplicates"]
                    self.rejected += len(answer["rejected"])
                return
            if 400 <= status < 500 and status != 429:
                break
            with self.lock:
                self.retries += 1
            time.sleep(0.05)
        raise RuntimeError(f"{table}: {status} {content.decode(errors='replace')[:200]}")

    def run(self, clients):
        """Gives the seconds it took."""
        threads = [threading.Thread(target=self.ship) for _ in range(clients)]
        started = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self.error:
            raise self.error
        return time.perf_counter() - started


def http(options, report):
    """Batches of 1,000 events over HTTP, acknowledged when they are durable."""
    report.section(f"NDJSON over HTTP (batches of {BATCH:,}, acknowledged when durable)", "scripts/bench --only http")
    work = batches(options)
    for clients in options.posting_clients:
        rates, megabytes, middle, slow, peaks, cpu, retries = [], [], [], [], [], [], 0
        for _ in range(options.runs):
            with Server(options.bin, fresh(options, "http"), options.scratch) as server:
                shippers = Shippers(server, server.token("ingest"), work)
                before = server.cpu_seconds()
                seconds = shippers.run(clients)
                used = server.cpu_seconds() - before
                peaks.append(server.peak_bytes() / 1e6)
            rates.append(shippers.stored / seconds)
            megabytes.append(sum(batch[3] for batch in work) / 1e6 / seconds)
            cuts = statistics.quantiles(shippers.latencies, n=100, method="inclusive")
            middle.append(cuts[49])
            slow.append(cuts[98])
            cpu.append(shippers.stored / max(used, 0.01))
            retries += shippers.retries
            expected = sum(batch[4] for batch in work)
            if shippers.stored + shippers.rejected != expected:
                raise RuntimeError(f"{expected} events sent, {shippers.stored} stored, {shippers.rejected} rejected")
        who = f"{clients} client{'s' if clients > 1 else ''}: "
        report.figure(who + "acknowledged", rates, "events/s", 0)
        report.figure(who + "acknowledged", megabytes, "MB/s")
        report.figure(who + "acknowledgement, p50", middle, "ms")
        report.figure(who + "acknowledgement, p99", slow, "ms")
        report.figure(who + "a CPU second of the server", cpu, "events", 0)
        report.figure(who + "server's peak memory", peaks, "MB", 0)
        if retries:
            report.note(f"With {clients} clients, {retries} requests were retried.")
    report.note(f"{len(work)} requests a run over the tables in turn. Clients are threads of this script, on the "
                "same processors; the rules run over the stream at the same time.")
