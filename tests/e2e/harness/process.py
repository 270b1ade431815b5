# SPDX-License-Identifier: Apache-2.0
"""One server process with a data directory of its own."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

import httpx
import openai

from . import record, settings
from .deadline import until
from .metrics import Metrics

START_SECONDS = 120
STOP_SECONDS = 60
# A log line below the level of errors, as JSON or as text.
_HARMLESS = re.compile(r'\{"time":"[^"]+","level":"(debug|info|warning)",|\d{4}-\S+Z (debug|info|warning) ')


def clean_environment(**more):
    """The developer's own configuration must not leak into a test."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("LARES_", "OPENAI_", "XDG_"))}
    return {**kept, **more}


def run_lares(*arguments, stdin=None, timeout=60, home=None, **environment):
    """Runs a command to its end; .returncode, .stdout, .stderr."""
    with tempfile.TemporaryDirectory() as empty:
        environment.setdefault("HOME", str(home or empty))
        return subprocess.run(
            [settings.BINARY, *map(str, arguments)],
            input=stdin,
            text=True,
            timeout=timeout,
            capture_output=True,
            env=clean_environment(**environment),
            check=False,
            **({} if stdin is not None else {"stdin": subprocess.DEVNULL}),
        )


class Server:
    """Started on construction. `flags` follow `lares serve MODEL`; the port is a free one, unless they say else."""

    def __init__(self, model, flags=(), *, data=None, name=None, headers=None, verify=True, wait=True, **environment):
        self.folder = Path(tempfile.mkdtemp(prefix="lares-e2e-"))
        self.data = Path(data) if data else self.folder / "data"
        self.log_path = self.folder / "log"
        self.name = name or ("fake" if str(model).startswith("fake:") else Path(model).stem)
        self.headers = headers or {}  # for the harness's own requests: a key, where one is needed
        self.verify = verify  # an SSL context for https
        flags = [str(f) for f in flags]
        if "--port" not in flags and "--listen" not in flags:
            flags += ["--port", "0"]
        if "--log-format" not in flags:
            flags += ["--log-format", "json"]
        if "--log-level" not in flags:
            flags += ["--log-level", "debug"]
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [settings.BINARY, "serve", str(model), "--data", str(self.data), *flags],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=clean_environment(HOME=str(self.folder), **environment),
            )
        if wait:
            self.wait_ready()

    # --- where it is ---

    def log(self):
        return self.log_path.read_text(errors="replace")

    def published(self):
        """What the server wrote about itself for clients on its data directory."""
        if self.process.poll() is not None:
            raise AssertionError(f"the server ended with {self.process.returncode}:\n{self.log()[-4000:]}")
        try:
            entry = json.loads((self.data / "server.lock").read_text())
        except (OSError, ValueError):
            return None
        return entry if entry.get("pid") == self.process.pid and entry.get("url") else None

    def wait_listening(self):
        self._entry = until(self.published, f"the server listens\n{self.log()[-2000:]}", START_SECONDS)
        return self

    def wait_ready(self):
        self.wait_listening()
        until(lambda: self.published() and self.get("/readyz").status_code == 200, "the server is ready", START_SECONDS)
        return self

    @property
    def url(self):
        """Without a path; of a Unix socket any name does."""
        url = self._entry["url"]
        return "http://localhost" if url.startswith("unix:") else url

    @property
    def address(self):
        """For socket.connect."""
        url = self._entry["url"]
        if url.startswith("unix:"):
            return url[len("unix:") :]
        host, port = url.split("://")[1].rsplit(":", 1)
        return host.strip("[]"), int(port)

    @property
    def port(self):
        return self.address[1]

    def connect(self, timeout=60, receive_buffer=None):
        """A plain TCP or Unix connection."""
        unix = isinstance(self.address, str)
        s = socket.socket(socket.AF_UNIX if unix else socket.AF_INET, socket.SOCK_STREAM)
        if receive_buffer:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        s.settimeout(timeout)
        s.connect(self.address)
        return s

    # --- talking to it ---

    def transport(self):
        uds = self.address if isinstance(self.address, str) else None
        return record.Transport(httpx.HTTPTransport(uds=uds, verify=self.verify, retries=0))

    def http(self, **options):
        options.setdefault("headers", self.headers)
        return httpx.Client(base_url=self.url, transport=self.transport(), timeout=120, **options)

    def openai(self, api_key="none", **options):
        return openai.OpenAI(
            base_url=self.url + "/v1",
            api_key=api_key,
            max_retries=0,
            timeout=180,
            http_client=httpx.Client(transport=self.transport(), timeout=180),
            **options,
        )

    def get(self, path, **options):
        with self.http() as client:
            return client.get(path, **options)

    def post(self, path, json=None, **options):
        with self.http() as client:
            return client.post(path, json=json, **options)

    def metrics(self):
        return Metrics(self.get("/metrics").text)

    def wait_idle(self, seconds=60):
        """No sequence is left in the engine, whatever happened to its client."""
        until(
            lambda: self.metrics().value("lares_requests_in_flight") == 0 and self.metrics().sequences() == 0,
            "the engine is idle",
            seconds,
        )

    # --- its end ---

    def signal(self, which):
        self.process.send_signal(which)

    def wait(self, seconds=STOP_SECONDS):
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"the server had not ended after {seconds} s:\n{self.log()[-4000:]}") from None

    def stop(self):
        """SIGTERM; the exit code."""
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        return self.wait()

    def error_lines(self):
        """Lines of level error, and what is no line of the log at all: a library's own words, a backtrace."""
        return [line for line in self.log().splitlines() if not _HARMLESS.match(line)]

    def close(self, check=True):
        try:
            code = self.stop()
            if check:
                assert code == 0, f"exit code {code} after SIGTERM:\n{self.log()[-4000:]}"
                assert not self.error_lines(), "the log has errors:\n" + "\n".join(self.error_lines()[-20:])
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.close(check=kind is None)


__all__ = ["Server", "run_lares", "clean_environment"]
