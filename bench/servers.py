# SPDX-License-Identifier: Apache-2.0
"""The servers under test: how they are started, found ready, and stopped."""
import argparse
import asyncio
import contextlib
import functools
import http.client
import itertools
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from dataclasses import dataclass

import bench_client as client


def _place(variable, xdg, fallback):
    return os.environ.get(variable) or os.path.join(
        os.environ.get(xdg) or os.path.expanduser(fallback), "lares")


ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CACHE = _place("LARES_CACHE", "XDG_CACHE_HOME", "~/.cache")
DATA = _place("LARES_DATA", "XDG_DATA_HOME", "~/.local/share")
LARES = os.environ.get("LARES_BIN", os.path.join(ROOT, "build/release/bin/lares"))
PORT = int(os.environ.get("LARES_BENCH_PORT", "18080"))
START_SECONDS = 120
STOP_SECONDS = 15
LOG_TAIL = 2000

# Both servers are meant to show their defaults: what would configure one of them stays outside.
FOREIGN = ("LARES_", "LLAMA_", "GGML_", "XDG_", "OMP_", "GOMP_", "KMP_")

# Nothing here is to be reached through a proxy, whatever the machine's settings say. For bench_client too.
urllib.request.install_opener(urllib.request.build_opener(urllib.request.ProxyHandler({})))


class StartFailed(RuntimeError):
    """The server did not come up."""


class PortTaken(RuntimeError):
    """Somebody else listens: whatever were measured would be theirs."""


@dataclass(frozen=True)
class Server:
    name: str
    command: tuple
    ready: str       # path that answers 200 once it can serve


def model_file(form):
    """The default model in the given form; made once."""
    original = os.path.join(DATA, "models", "SmolLM2-135M-Instruct.Q4_1.gguf")
    path = os.path.join(DATA, "models", f"SmolLM2-135M-Instruct.{form.upper()}.gguf")
    if not os.path.exists(path):
        subprocess.run([LARES, "models", "convert", original, path, "--type", form], check=True,
                       stdout=subprocess.DEVNULL)
    return path


@functools.cache
def peer_prefix():
    """The folder of llama.cpp's own programs; they are built when missing."""
    build = os.path.join(ROOT, "tools/llama/build-peer")
    prefix = subprocess.run([build, "--prefix"], check=True, capture_output=True, text=True).stdout.strip()
    if not os.path.exists(os.path.join(prefix, "BUILD-INFO")):
        subprocess.run([build], check=True, stdout=subprocess.DEVNULL)
    return prefix


def lares(model, case):
    return Server("lares", (LARES, "serve", model, "--port", str(PORT), "--parallel", str(case.slots),
                            "--ctx-size", str(case.context)), "/readyz")


def llama(model, case, tuning):
    program = os.path.join(peer_prefix(), "bin", "llama-server")
    return Server("llama-server", (program, "-m", model, "--port", str(PORT), "-np", str(case.slots),
                                   "-c", str(case.slots * case.context), *tuning), "/health")


def tunings(case, quick):
    """Option lists of llama-server worth trying for the case, its defaults (no option) among them."""
    sizes = ("128", "256", "512") if quick else ("64", "128", "256", "512")
    unified = (False, True) if case.unified and not quick else (False,)
    threads = ("2",) if quick else ("1", "2")
    grid = [_tuning(case, *point) for point in itertools.product(sizes, unified, threads)]
    return grid if quick else [[], *grid]


def _tuning(case, size, unified, threads):
    batch = ["-b", size] if case.batch_follows else []
    return ["-ub", size, *batch, *(["-kvu"] if unified else []), "-t", threads, "-tb", "2"]


def environment(home):
    """This process's environment without what configures a server; `home` is an empty folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    return {**kept, "HOME": home, "XDG_CONFIG_HOME": home}


def require_free_port():
    with socket.socket() as probe:
        # As the servers do: connections of the last run that are still dying do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", PORT))
        except OSError as error:
            raise PortTaken(f"port {PORT} on 127.0.0.1 is taken ({error.strerror}): stop what listens there, "
                            "or name another port in LARES_BENCH_PORT") from error


class Running:
    """A started server; its process group ends with the block."""

    def __init__(self, server):
        self.server = server
        self.url = f"http://127.0.0.1:{PORT}"
        self.process = None

    def __enter__(self):
        require_free_port()
        self.home = tempfile.mkdtemp(prefix="lares-bench-")
        self.log = open(os.path.join(self.home, "log"), "w")
        try:
            started = time.perf_counter()
            self._start()
            self._wait_ready(started)
            self._first_answer(started)
            self.idle_mib = self.memory()["rss_mib"]
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def _start(self):
        command = list(self.server.command)
        if self.server.name == "lares":
            data = os.path.join(self.home, "data")
            os.mkdir(data)
            command += ["--data", data]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT,
                                        env=environment(self.home), start_new_session=True)

    def _wait_ready(self, started):
        while time.perf_counter() - started < START_SECONDS:
            answered = self._answers()
            # Also after a 200: an answer of somebody else's server is none.
            self.require_alive()
            if answered:
                return
            time.sleep(0.005)
        raise StartFailed(f"{self.server.name} was not ready in {START_SECONDS} s: {self._log_tail()}")

    def _answers(self):
        try:
            with urllib.request.urlopen(self.url + self.server.ready, timeout=2) as answer:
                return answer.status == 200
        except (OSError, http.client.HTTPException):
            return False

    def _first_answer(self, started):
        result = asyncio.run(client.Client(self.client_arguments(), None).ask("The", 1))
        self.require_alive()
        if not result.ok:
            raise StartFailed(f"the first request failed: {result.error}")
        self.first_answer_ms = (result.times[0] - started) * 1e3

    def require_alive(self):
        code = self.process.poll()
        if code is not None:
            raise StartFailed(f"{self.server.name} ended with {code}: {self._log_tail()}")

    def _log_tail(self):
        with open(self.log.name, errors="replace") as log:
            return log.read()[-LOG_TAIL:].strip()

    def client_arguments(self):
        return client_arguments(self.url)

    def memory(self):
        """Resident memory now and at its highest: {"rss_mib", "peak_mib"}."""
        return client.memory(self.process.pid)

    def __exit__(self, *_):
        self._end_process()
        self.log.close()
        shutil.rmtree(self.home, ignore_errors=True)

    def _end_process(self):
        if self.process is None or self.process.poll() is not None:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(STOP_SECONDS)
                return


def client_arguments(url):
    """What bench_client wants to know, as its command line would say it."""
    os.makedirs(os.path.join(CACHE, "bench"), exist_ok=True)
    return argparse.Namespace(url=url, model="", api="completions", key="none", extra={"ignore_eos": True},
                              corpus="/usr/share/common-licenses/*", tokenize_url=None, timeout=300,
                              words=os.path.join(CACHE, "bench", "words.json"), rate=None, s4_seconds=8)
