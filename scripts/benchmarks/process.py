"""Runs the real binary: commands with their time and peak memory, and a server on free ports."""

import http.client
import json
import os
import signal
import socket
import subprocess
import time
from collections import namedtuple

Finished = namedtuple("Finished", "seconds cpu_seconds peak_bytes stdout stderr")

# A command that takes longer has failed.
COMMAND_SECONDS = 3 * 3600
START_SECONDS = 300


def environment(data, scratch):
    """The environment of every process: its own data folder, no settings from outside."""
    config = scratch / "watchfloor.toml"
    if not config.is_file():
        # Inputs have fixed dates: retention would drop them while they are measured.
        config.write_text("retention_days = { default = 0 }\n", encoding="utf-8")
    kept = {k: v for k, v in os.environ.items() if not k.startswith("WATCHFLOOR_")}
    return {**kept, "WATCHFLOOR_DATA_DIR": str(data), "WATCHFLOOR_CONFIG": str(config), "WATCHFLOOR_LOG": "error"}


def run(command, scratch, data=None, stdin=None, accept=(0,), keep_stdout=True):
    """Runs a command to its end. Peak memory is the process's own, from the kernel's accounting."""
    out_path, err_path = scratch / "stdout", scratch / "stderr"
    with open(out_path, "wb") as out, open(err_path, "wb") as err, open(stdin or os.devnull, "rb") as source:
        started = time.perf_counter()
        child = subprocess.Popen([str(part) for part in command], stdin=source, stderr=err,
                                 stdout=out if keep_stdout else subprocess.DEVNULL,
                                 env=environment(data, scratch) if data else None)
        status, usage = wait(child, started + COMMAND_SECONDS)
        seconds = time.perf_counter() - started
    stderr = err_path.read_text(errors="replace")
    if status not in accept:
        raise RuntimeError(f"`{' '.join(map(str, command[:3]))} ...` ended with {status}: {stderr.strip()[-600:]}")
    return Finished(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024,
                    out_path.read_text(errors="replace") if keep_stdout else "", stderr)


def wait(child, deadline):
    """Waits for a child and gives its exit status and resource use."""
    previous = signal.signal(signal.SIGALRM, lambda *_: child.kill())
    signal.alarm(max(1, int(deadline - time.perf_counter())))
    try:
        _, status, usage = os.wait4(child.pid, 0)
    except BaseException:
        child.kill()
        raise
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)
    child.returncode = os.waitstatus_to_exitcode(status)
    return child.returncode, usage


def free_port():
    """A port of the loopback address that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def memory_of(pid, key):
    """A line of a process's status in bytes: `VmHWM`, its largest resident set so far, or `VmRSS`, that of now."""
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:
        for line in status:
            if line.startswith(f"{key}:"):
                return int(line.split()[1]) * 1024
    raise RuntimeError(f"no {key} in the process's status")


class Server:
    """`watchfloor serve` on a data folder; ended with the `with` block."""

    def __init__(self, binary, data, scratch, *settings):
        self.binary, self.data, self.scratch = binary, data, scratch
        self.port = free_port()
        self.log = scratch / "serve.log"
        command = [str(binary), "serve", "--listen", f"127.0.0.1:{self.port}", "--listen-tls", "127.0.0.1:0", *settings]
        started = time.perf_counter()
        with open(self.log, "wb") as log:
            self.child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                          stderr=log, env=environment(data, scratch))
        try:
            self.ready_seconds = self.wait_until_ready(started)
        except BaseException:
            self.child.kill()
            self.child.wait()
            raise

    def wait_until_ready(self, started):
        while time.perf_counter() < started + START_SECONDS:
            try:
                if self.get("/readyz")[0] == 200:
                    return time.perf_counter() - started
            except OSError:
                pass
            if self.child.poll() is not None:
                break
            time.sleep(0.001)
        raise RuntimeError(f"the server did not become ready: {self.log.read_text(errors='replace')[-600:]}")

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except http.client.HTTPException as error:
            raise OSError(str(error)) from error
        finally:
            connection.close()

    def token(self, scope):
        """A new token; made through the server's local socket."""
        done = run([self.binary, "tokens", "add", f"bench-{scope.replace(',', '-')}-{time.monotonic_ns()}",
                    "--scope", scope, "--format", "json"], self.scratch, self.data)
        return json.loads(done.stdout)[0]["token"]

    def peak_bytes(self):
        """The largest resident set so far."""
        return memory_of(self.child.pid, "VmHWM")

    def cpu_seconds(self):
        """CPU time used so far."""
        with open(f"/proc/{self.child.pid}/stat", encoding="ascii", errors="replace") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        """Ends it as an operator does."""
        if self.child.poll() is None:
            self.child.terminate()
            try:
                self.child.wait(timeout=120)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Client:
    """One HTTP connection that is kept open, with a token."""

    def __init__(self, port, token):
        self.port, self.token = port, token
        self.connection = None

    def post(self, path, body, headers=None, timeout=600):
        """Posts a body; gives status and answer. A closed connection is opened anew next time."""
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            self.connection.request("POST", path, body, {"Authorization": f"Bearer {self.token}", **(headers or {})})
            answer = self.connection.getresponse()
            content = answer.read()
            if answer.getheader("Connection", "").lower() == "close":
                self.close()
            return answer.status, content
        except (OSError, http.client.HTTPException):
            self.close()
            raise

    def ask(self, text):
        """Posts a query; gives status and answer."""
        return self.post("/api/v1/query", json.dumps({"query": text, "max_rows": 500_000}).encode(),
                         {"Content-Type": "application/json"})

    def query(self, text):
        """Runs a query; gives the answer's first table. Errors are the server's words."""
        status, content = self.ask(text)
        if status != 200:
            raise RuntimeError(content.decode(errors="replace")[:300])
        return json.loads(content)["tables"][0]

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None
