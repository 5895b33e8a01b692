"""Many clients at once on one server, every answer checked: SOC-Bench's queries in random order."""

import collections
import hashlib
import http.client
import json
import random
import re
import statistics
import threading
import time

from benchmarks.process import Client, Server, memory_of
from benchmarks.report import table_lines
from benchmarks.soc_bench import Reference, filled_lake, one_line, query_texts

MEMORY = "2GB"
# How often the server's memory is looked at.
SAMPLE_SECONDS = 0.5
# After a request without an answer.
PAUSE_SECONDS = 0.2
STATISTICS = b',"statistics":'
NUMBER = re.compile(r"\d[\d.,_]*")
# An answer, or none: when it ended, in seconds from the start, and how long it took in milliseconds.
Asked = collections.namedtuple("Asked", "query ended ms outcome")


class Judge:
    """Says what an answer is. A text that was seen before for its query is told by its digest alone, as the
    clients share the processors with the server."""

    def __init__(self, reference):
        self.reference, self.lock = reference, threading.Lock()
        # By query and digest: what differs, or `None`.
        self.seen = {}

    def outcome(self, name, status, content):
        """`right`, `wrong`, `partial`, or why it failed."""
        if status != 200:
            return failure(status, content)
        # What follows the tables is different every time.
        end = content.rfind(STATISTICS)
        if end < 0 or json.loads(b"{" + content[end + 1:])["statistics"]["truncated"]:
            return "partial" if end >= 0 else "failed: 200 without statistics"
        key = name, hashlib.blake2b(memoryview(content)[:end], digest_size=16).digest()
        if key not in self.seen:
            with self.lock:
                if key not in self.seen:
                    self.seen[key] = self.reference.differs(name, json.loads(content)["tables"][0])
        return "right" if self.seen[key] is None else "wrong"

    def differences(self):
        """What differs in one of the wrong answers to each query."""
        return {name: one_line(difference) for (name, _), difference in self.seen.items() if difference is not None}


def failure(status, content):
    """The kind of an answer that is an error."""
    try:
        error = json.loads(content)["error"]
        # Sizes and times in the words would make each failure a kind of its own.
        return f"failed: {status} {error['code']}, {NUMBER.sub('N', one_line(error['message']))}"
    except (ValueError, KeyError, TypeError):
        return f"failed: {status}"


class Askers:
    """Clients that ask until the time is up, each with a token of its own: slots for queries are a token's."""

    def __init__(self, server, texts, judge, seed):
        self.server, self.texts, self.judge, self.seed = server, texts, judge, seed
        self.asked, self.until, self.error = [], 0, None

    def ask(self, number, token, started):
        client, dice, names = Client(self.server.port, token), random.Random(f"{self.seed}/{number}"), list(self.texts)
        try:
            while time.perf_counter() < self.until:
                dice.shuffle(names)
                for name in names:
                    if time.perf_counter() < self.until:
                        self.asked.append(self.once(client, name, started))
        except Exception as error:  # handed to the thread that waits
            self.error, self.until = error, 0
        finally:
            client.close()

    def once(self, client, name, started):
        sent = time.perf_counter()
        try:
            status, content = client.ask(self.texts[name])
        except (OSError, http.client.HTTPException) as error:
            time.sleep(PAUSE_SECONDS)
            return Asked(name, time.perf_counter() - started, None, f"failed: no answer, {type(error).__name__}")
        ended = time.perf_counter()
        return Asked(name, ended - started, (ended - sent) * 1000, self.judge.outcome(name, status, content))

    def run(self, clients, seconds):
        """Runs the clients; gives the server's resident memory as it was seen: seconds from the start, bytes."""
        tokens = [self.server.token("read") for _ in range(clients)]
        started = time.perf_counter()
        self.until = started + seconds
        threads = [threading.Thread(target=self.ask, args=(number, token, started)) for number, token in enumerate(tokens)]
        for thread in threads:
            thread.start()
        try:
            return list(self.samples(started, threads))
        finally:
            self.until = 0
            for thread in threads:
                thread.join()

    def samples(self, started, threads):
        while any(thread.is_alive() for thread in threads):
            if self.server.child.poll() is not None:
                self.error = RuntimeError(f"the server ended with {self.server.child.returncode}")
                return
            try:
                yield time.perf_counter() - started, memory_of(self.server.child.pid, "VmRSS")
            except (OSError, RuntimeError):
                pass  # it is just ending
            time.sleep(SAMPLE_SECONDS)


def clients(options, report):
    """Clients that ask the queries of SOC-Bench in random order for a while, answers compared with the reference."""
    texts = query_texts(options)
    folder, _ = filled_lake(options)
    reference = Reference(options)
    faults = []
    for number in options.asking_clients:
        report.section(f"{number} clients at once on SOC-Bench ({max(options.events, 20_000):,} events, seed 7)",
                       f"scripts/bench --only clients --clients {number} --seconds {options.seconds} --seed {options.seed} "
                       f"--events {options.events}")
        judge = Judge(reference)
        with Server(options.bin, folder, options.scratch, "--memory", MEMORY) as server:
            askers = Askers(server, texts, judge, options.seed)
            # Each answer once before: what is usual need not be compared while it is measured.
            first = Client(server.port, server.token("read"))
            warm = [askers.once(first, name, time.perf_counter()) for name in texts]
            first.close()
            before = time.process_time(), server.cpu_seconds()
            samples = askers.run(number, options.seconds)
            if not askers.error:
                own, served = time.process_time() - before[0], server.cpu_seconds() - before[1]
                report.figure("the server's peak memory, by the kernel", server.peak_bytes() / 1e6, "MB", 0)
                report.figure("the clients' part of the processor time, the server's being the rest", 100 * own / (own + served), "%")
        faults += tell(report, options.seconds, warm, askers, samples)
    if faults:
        raise RuntimeError("; ".join(faults))


def tell(report, seconds, warm, askers, samples):
    """Puts what happened into the report; gives what makes the measurement a failure."""
    outcomes = collections.Counter(one.outcome.split(":")[0] for one in warm + askers.asked)
    for outcome in ("right", "wrong", "partial", "failed"):
        report.figure(f"answers {outcome}", outcomes[outcome], "", 0)
    resident = max((size for _, size in samples), default=0)
    report.figure(f"the server's resident memory, seen every {SAMPLE_SECONDS} s: largest", resident / 1e6, "MB", 0)
    minutes = by_minute(seconds, askers.asked, samples)
    report.table(["minute", "queries a minute", "p50, ms", "p95, ms", "p99, ms", "resident at most, MB"], minutes)
    early, late = (next((row for row in minutes if row[0] == minute), None) for minute in (2, 5))
    if early and late and early[2] and late[2]:
        report.note(f"Minute 5 over minute 2: queries a minute {late[1] / early[1]:.2f}, p50 {late[2] / early[2]:.2f}, "
                    f"p95 {late[3] / early[3]:.2f}, p99 {late[4] / early[4]:.2f}.")
    report.note(f"`serve --memory {MEMORY}`, a token and a connection a client, a new query as soon as the last is "
                f"answered; {len(askers.judge.seen)} different texts of {len(warm)} answers. The clients are threads of "
                "this script, on the same processors. A query that went past the end counts among the answers only.")
    kinds = collections.Counter((one.outcome, one.query) for one in warm + askers.asked)
    wrong = {query: count for (outcome, query), count in kinds.items() if outcome == "wrong"}
    rows = [[query, outcome, count] for (outcome, query), count in sorted(kinds.items()) if outcome not in ("right", "wrong")]
    rows += [[query, f"wrong: {what}", wrong[query]] for query, what in sorted(askers.judge.differences().items())]
    if rows:
        report.note("\n".join(table_lines(["query", "what", "answers"], rows)))
    faults = [f"{outcomes['wrong']} wrong answers to {', '.join(sorted(wrong))}"] if wrong else []
    return faults + ([str(askers.error)] if askers.error else [])


def by_minute(seconds, asked, samples):
    """A row for each minute; of a shorter one the rate is a minute's all the same."""
    rows = []
    for start in range(0, seconds, 60):
        end = min(start + 60, seconds)
        inside = [one.ms for one in asked if start <= one.ended < end and one.outcome in ("right", "wrong", "partial")]
        sizes = [size for at, size in samples if start <= at < end]
        name = start // 60 + 1 if end - start == 60 else f"{start // 60 + 1} ({end - start} s of it)"
        if len(inside) > 1:
            cuts = statistics.quantiles(inside, n=100, method="inclusive")
            rows.append([name, round(len(inside) * 60 / (end - start)), cuts[49], cuts[94], cuts[98],
                         max(sizes) / 1e6 if sizes else None])
        else:
            rows.append([name, len(inside), None, None, None, None])
    return rows
