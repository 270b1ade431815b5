# SPDX-License-Identifier: Apache-2.0
"""SIGTERM: readiness says no at once, what runs is finished, then exit 0. A second one ends it now."""

import signal
import threading

import pytest

from harness import wire
from harness.deadline import until
from harness.process import Server

# 600 steps of 5 ms: long enough for everything that happens meanwhile, however slow the machine.
FAKE = "fake:step=5ms,slots=4,context=2048"


def start_stream(server, tokens):
    """A stream whose first piece has come."""
    client = server.openai()
    stream = client.completions.create(model="fake", prompt="a", max_tokens=tokens, stream=True)
    pieces = [next(iter(stream))]
    return stream, pieces


def test_streams_finish(tmp_path):
    server = Server(FAKE, ["--drain-timeout", "120s"])
    try:
        probe = wire.Wire(server)
        probe.ask("GET", "/readyz")
        assert probe.answer().status == 200
        stream, pieces = start_stream(server, 600)
        server.signal(signal.SIGTERM)
        until(lambda: "draining" in server.log(), "the signal has come")
        # Kept alive from before, or refused: never "ready".
        try:
            probe.ask("GET", "/readyz")
            answer = probe.answer()
        except ConnectionError:
            answer = None
        assert answer is None or answer.status == 503
        probe.close()
        assert server.process.poll() is None
        pieces += list(stream)
        assert pieces[-1].choices[0].finish_reason == "length"
        assert server.wait() == 0
        assert not server.error_lines()
    finally:
        server.close(check=False)


def test_with_a_delay_new_requests_are_served():
    server = Server(FAKE, ["--drain-delay", "1h"])
    try:
        server.signal(signal.SIGTERM)
        until(lambda: server.get("/readyz").status_code == 503, "it says that it is not ready")
        answer = wire.post_json(server, "/v1/completions", {"prompt": "a", "max_tokens": 2})
        assert answer.status == 200
        assert server.get("/livez").status_code == 200
        server.signal(signal.SIGTERM)
        assert server.wait() != 0
    finally:
        server.close(check=False)


def test_after_the_delay_it_stops():
    with Server(FAKE, ["--drain-delay", "100ms"]) as server:
        stream, pieces = start_stream(server, 50)
        server.signal(signal.SIGTERM)
        pieces += list(stream)
        assert pieces[-1].choices[0].finish_reason == "length"
        assert server.wait() == 0


def test_new_connections_are_refused_while_draining():
    server = Server(FAKE, ["--drain-timeout", "120s"])
    try:
        stream, _ = start_stream(server, 600)
        server.signal(signal.SIGTERM)

        def refused():
            try:
                return wire.post_json(server, "/v1/completions", {"prompt": "a", "max_tokens": 1}).status == 503
            except (ConnectionError, AttributeError):
                return True

        until(refused, "new work is refused")
        stream.close()
        assert server.wait() == 0
    finally:
        server.close(check=False)


def test_what_takes_too_long_is_ended():
    server = Server("fake:step=5ms,slots=4,context=1000000", ["--drain-timeout", "200ms"])
    try:
        stream, pieces = start_stream(server, 900_000)
        server.signal(signal.SIGTERM)
        error = None
        try:
            pieces += list(stream)
        except Exception as thrown:  # noqa: BLE001 - the SDK has several for a stream that breaks
            error = thrown
        assert error is not None, "an answer cut short must not look whole"
        assert server.wait() == 0
    finally:
        server.close(check=False)


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_it_now(second):
    server = Server("fake:step=5ms,slots=4,context=1000000", ["--drain-timeout", "1h"])
    try:
        stream, _ = start_stream(server, 900_000)
        server.signal(signal.SIGTERM)
        until(lambda: "draining" in server.log(), "the first signal has come")
        server.signal(second)
        assert server.wait(30) != 0
        stream.close()
    finally:
        server.close(check=False)


def test_idle_connections_do_not_hold_it_up():
    server = Server(FAKE, ["--drain-timeout", "1h", "--idle-timeout", "1h"])
    try:
        idle = [wire.Wire(server) for _ in range(5)]
        for connection in idle[:3]:
            connection.ask("GET", "/livez")
            assert connection.answer().status == 200
        assert server.stop() == 0
        for connection in idle:
            connection.close()
    finally:
        server.close(check=False)


def test_sigterm_while_loading():
    server = Server(FAKE, wait=False)
    try:
        server.wait_listening()
        assert server.stop() == 0
    finally:
        server.close(check=False)


def test_many_streams_finish():
    server = Server("fake:step=5ms,slots=16,context=2048", ["--drain-timeout", "120s"])
    try:
        ended = []

        def read():
            stream, pieces = start_stream(server, 300)
            started.release()
            pieces += list(stream)
            ended.append(pieces[-1].choices[0].finish_reason)

        started = threading.Semaphore(0)
        threads = [threading.Thread(target=read) for _ in range(12)]
        for thread in threads:
            thread.start()
        for _ in threads:
            assert started.acquire(timeout=60)
        assert server.stop() == 0
        for thread in threads:
            thread.join(60)
        assert ended == ["length"] * 12
    finally:
        server.close(check=False)
