# SPDX-License-Identifier: Apache-2.0
"""The servers under test: how they are started, found ready, and stopped."""
import argparse
import asyncio
import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request
from dataclasses import dataclass

import bench_client as client

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CACHE = os.environ.get("LARES_CACHE", os.path.expanduser("~/.cache/lares"))
DATA = os.environ.get("LARES_DATA", os.path.expanduser("~/.local/share/lares"))
LARES = os.environ.get("LARES_BIN", os.path.join(ROOT, "build/release/bin/lares"))
PORT = int(os.environ.get("LARES_BENCH_PORT", "18080"))
START_SECONDS = 120


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
        subprocess.run([LARES, "models", "convert", original, path, "--type", form], check=True)
    return path


def peer(program):
    prefix = subprocess.run([os.path.join(ROOT, "tools/llama/build-peer"), "--prefix"], check=True,
                            capture_output=True, text=True).stdout.strip()
    path = os.path.join(prefix, "bin", program)
    if not os.path.exists(path):
        subprocess.run([os.path.join(ROOT, "tools/llama/build-peer")], check=True)
    return path


def lares(model, case):
    return Server("lares", (LARES, "serve", model, "--port", str(PORT), "--parallel", str(case.slots),
                            "--ctx-size", str(case.context)), "/readyz")


def llama(model, case, tuning):
    return Server("llama-server", (peer("llama-server"), "-m", model, "--port", str(PORT), "-np", str(case.slots),
                                   "-c", str(case.slots * case.context), *tuning), "/health")


def tunings(quick):
    """Flags of llama-server worth trying, the defaults among them."""
    if quick:
        return [["-ub", "128", "-b", "128"], ["-ub", "256", "-b", "256"], ["-ub", "512", "-b", "512"]]
    axes = itertools.product(("64", "128", "256", "512"), (True, False), ("1", "2"))
    return [["-ub", ub, "-b", ub, *(["-kvu"] if kvu else []), "-t", t, "-tb", "2"] for ub, kvu, t in axes]


class Running:
    """A started server; its process group ends with the block."""

    def __init__(self, server):
        self.server = server
        self.url = f"http://127.0.0.1:{PORT}"

    def __enter__(self):
        self.data = tempfile.mkdtemp(prefix="lares-bench-")
        self.log = open(os.path.join(self.data, "log"), "w")
        command = list(self.server.command)
        if self.server.name == "lares":
            command += ["--data", self.data]
        started = time.perf_counter()
        self.process = subprocess.Popen(command, stdout=self.log, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            self._wait_ready(started)
            self._first_answer(started)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        self.idle_mib = self.memory_mib()
        return self

    def _wait_ready(self, started):
        while time.perf_counter() - started < START_SECONDS:
            try:
                if urllib.request.urlopen(self.url + self.server.ready, timeout=2).status == 200:
                    return
            except OSError:
                pass
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.server.command} ended: " + open(self.log.name).read()[-2000:])
            time.sleep(0.005)
        raise RuntimeError(f"{self.server.command} was not ready in {START_SECONDS} s")

    def _first_answer(self, started):
        arguments = self.client_arguments()
        result = asyncio.run(client.Client(arguments, None).ask("The", 1))
        if not result.ok:
            raise RuntimeError(f"the first request failed: {result.error}")
        self.first_answer_ms = (result.times[0] - started) * 1e3

    def client_arguments(self):
        return argparse.Namespace(url=self.url, model="", api="completions", key="none", extra={"ignore_eos": True},
                                  corpus="/usr/share/common-licenses/*", tokenize_url=None, timeout=300,
                                  words=os.path.join(CACHE, "bench-words.json"), rate=None, s4_seconds=8)

    def memory_mib(self):
        return client.memory(self.process.pid)["rss_mib"]

    def __exit__(self, *_):
        os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.log.close()
        shutil.rmtree(self.data, ignore_errors=True)
