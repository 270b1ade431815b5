# SPDX-License-Identifier: Apache-2.0
"""The process that holds the model: what it may do, what becomes of it, and what its gateway says meanwhile."""

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness import faults, settings
from harness.deadline import until
from harness.process import Server, run_lares

POISON = 300
FAKE = f"fake:step=5ms,slots=8,context=2048,poison={POISON}"
PATIENT = ["--crash-budget", "1000000", "--well-after", "0s"]


def alive(pid):
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False


def stream(server, tokens, **body):
    """A stream whose first piece has come, and what is left of it."""
    client = server.openai()
    pieces = iter(client.completions.create(model="fake", max_tokens=tokens, temperature=0, stream=True, **body))
    first = next(pieces).choices[0].text
    return lambda: first + "".join(p.choices[0].text for p in pieces if p.choices)


def whole(server, tokens, **body):
    with server.openai() as client:
        return client.completions.create(model="fake", max_tokens=tokens, temperature=0, **body).choices[0].text


def test_it_can_do_nothing_but_compute():
    with Server(settings.MODEL, ["--ctx-size", "512", "--parallel", "2"]) as server:
        pid = faults.worker_of(server)
        status = dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)
        assert status["NoNewPrivs"] == "1"
        assert status["Seccomp"] == "2"
        assert "unconfined" not in server.get("/health").json()["model"]
        if group := faults.memory_group_of(pid):
            planned = server.get("/v1/models").json()["data"][0]["memory_bytes"]
            limit = int(faults.limit_file(group).read_text())
            assert planned < limit < planned * 1.25 + (1 << 30)
        held = {os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")}
        sockets = {name for name in held if name.startswith("socket:")}
        assert len(sockets) == 1, held
        files = {name for name in held if name.startswith("/") and not name.startswith(("/dev/", "/memfd:"))}
        assert files == {os.path.realpath(settings.MODEL), str(server.log_path)}
        # It computes all the same, embeddings too, which are made room for when first asked for.
        with server.openai() as client:
            assert client.embeddings.create(model=server.name, input="text").data


def test_by_hand_it_says_who_starts_it():
    done = run_lares("worker", "--model", "fake:slots=1")
    assert done.returncode == 1
    assert "started by `lares serve`" in done.stderr


def test_it_ends_with_its_gateway():
    server = Server(FAKE)
    try:
        pid = faults.worker_of(server)
        server.process.kill()
        server.process.wait()
        until(lambda: not alive(pid), "the worker has ended, too")
    finally:
        server.close(check=False)


def test_signals_are_for_the_gateway():
    with Server(FAKE) as server:
        rest = stream(server, 200, prompt="a")
        pid = faults.worker_of(server)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            os.kill(pid, number)
        assert rest() == whole(server, 200, prompt="a")
        assert faults.worker_of(server) == pid


def test_it_is_told_what_happens_while_it_is_left_alone():
    server = Server(FAKE, ["--crash-budget", "0"])
    try:
        os.kill(faults.worker_of(server), signal.SIGSTOP)
        health = until(
            lambda: "trouble" in (h := server.get("/health").json())["model"] and h, "it is noticed and said"
        )
        model = health["model"]
        assert health["status"] == model["status"] == "DEGRADED"
        assert model["state"] == "restarting"
        assert model["crashes"] == 1
        assert "SIGSTOP" in model["trouble"]["cause"]
        assert model["trouble"]["since"] < model["trouble"]["next_try"]
        assert server.get("/livez").status_code == 200
        ready = server.get("/readyz")
        assert (ready.status_code, ready.json()["status"]) == (503, "restarting")
        refused = server.post("/v1/completions", {"prompt": "a", "max_tokens": 1})
        assert refused.status_code == 503
        assert refused.json()["error"]["code"] == "model_unavailable"
        assert 0 < int(refused.headers["retry-after"]) <= 60
        assert server.post("/tokenize", {"content": "a"}).status_code == 503
        metrics = server.metrics()
        assert metrics.value("lares_worker_ends_total", cause="hung") == 1
        assert server.stop() == 0
    finally:
        server.close(check=False)


def test_who_kills_twice_is_kept_out_and_its_neighbours_go_on():
    server = Server(FAKE, PATIENT)
    try:
        wanted = [whole(server, 200, prompt=f"neighbour {i}") for i in range(3)]
        rests = [stream(server, 200, prompt=f"neighbour {i}") for i in range(3)]
        killer = {"prompt": [65, POISON, 66], "max_tokens": 5}
        killed = server.post("/v1/completions", killer)
        assert killed.status_code == 500
        assert killed.json()["error"]["code"] == "request_quarantined"
        assert [rest() for rest in rests] == wanted
        assert server.get("/health").json()["model"]["crashes"] == 2
        again = server.post("/v1/completions", killer)
        assert again.status_code == 500
        assert again.json()["error"]["code"] == "request_quarantined"
        assert server.get("/health").json()["model"]["crashes"] == 2
        assert server.metrics().value("lares_requests_quarantined_total") == 2
        assert server.metrics().value("lares_continuations_total") >= 3
    finally:
        server.close(check=False)


@pytest.fixture
def own_binary(tmp_path, monkeypatch):
    """A server started from here can have its program replaced."""
    copy = tmp_path / "lares"
    shutil.copy2(settings.BINARY, copy)
    monkeypatch.setattr(settings, "BINARY", str(copy))
    return copy


def overwrite(path, write):
    fresh = path.with_name("fresh")
    write(fresh)
    fresh.rename(path)


def test_a_new_program_takes_over_running_streams(own_binary):
    with Server(FAKE) as server:
        wanted = [whole(server, 400, prompt=f"stream {i}") for i in range(6)]
        old = faults.worker_of(server)
        rests = [stream(server, 400, prompt=f"stream {i}") for i in range(6)]
        overwrite(own_binary, lambda fresh: shutil.copy2(own_binary, fresh))
        server.signal(signal.SIGUSR2)
        until(lambda: not alive(old), "the old worker is gone")
        assert [rest() for rest in rests] == wanted
        new = faults.worker_of(server)
        assert new != old
        assert os.stat(f"/proc/{new}/exe").st_ino == own_binary.stat().st_ino
        assert server.metrics().value("lares_worker_ends_total", cause="replaced") == 1
        assert server.get("/health").json()["model"]["crashes"] == 0
        # A crash brings back the new one.
        os.kill(new, signal.SIGKILL)
        until(lambda: faults.worker_of(server) != new and server.get("/readyz").status_code == 200, "it came back")
        assert os.stat(f"/proc/{faults.worker_of(server)}/exe").st_ino == own_binary.stat().st_ino
        server.stop()
        assert len([line for line in server.error_lines() if "worker lost" not in line]) == 0
        server.log_path.write_text("")  # the loss was asked for


def test_a_program_that_does_not_start_takes_nothing_over(own_binary):
    server = Server(FAKE, PATIENT)
    try:
        wanted = whole(server, 400, prompt="stream")
        old = faults.worker_of(server)
        rest = stream(server, 400, prompt="stream")
        overwrite(own_binary, lambda fresh: (fresh.write_text("#!/bin/sh\nexit 7\n"), fresh.chmod(0o755)))
        server.signal(signal.SIGUSR2)
        until(lambda: "was not replaced" in server.log(), "it is said")
        assert rest() == wanted
        assert faults.worker_of(server) == old
        # What comes back after a crash is the program that worked.
        os.kill(old, signal.SIGKILL)
        assert whole(server, 400, prompt="stream") == wanted
    finally:
        server.close(check=False)


def test_while_it_is_replaced_everybody_is_served():
    """Requests come without a pause while the worker is killed over and over: each is answered."""
    server = Server("fake:step=1ms,slots=8,context=2048", PATIENT)
    try:
        wanted = {i: whole(server, 20, prompt=f"prompt {i}") for i in range(8)}
        got, stop = [], threading.Event()

        def ask(i):
            while not stop.is_set():
                got.append((i, whole(server, 20, prompt=f"prompt {i}")))

        threads = [threading.Thread(target=ask, args=(i,)) for i in range(8)]
        for thread in threads:
            thread.start()
        for _ in range(5):
            seen = len(got)
            until(lambda: len(got) > seen + 20, "answers come")
            os.kill(faults.worker_of(server), signal.SIGKILL)
            until(lambda: server.get("/readyz").status_code == 200, "it came back")
        stop.set()
        for thread in threads:
            thread.join()
        assert all(text == wanted[i] for i, text in got)
        assert server.get("/health").json()["model"]["crashes"] == 5
    finally:
        server.close(check=False)


def test_a_busy_machine_is_no_hang():
    """Mixed load on a real model beside four processes that never rest, on however few CPUs: no false alarm."""
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(4)]
    try:
        with Server(settings.MODEL, ["--ctx-size", "2048", "--parallel", "8"]) as server:

            def ask(seed):
                chance = random.Random(seed)
                with server.openai() as client:
                    for _ in range(20 if settings.FULL else 2):
                        client.completions.create(
                            model=server.name,
                            prompt="word " * chance.choice([1, 20, 300, 1200]),
                            max_tokens=chance.choice([1, 16, 64]),
                        )

            with ThreadPoolExecutor(8) as pool:
                for job in [pool.submit(ask, seed) for seed in range(8)]:
                    job.result()
            assert server.get("/health").json()["model"]["crashes"] == 0
    finally:
        for process in busy:
            process.kill()
            process.wait()
