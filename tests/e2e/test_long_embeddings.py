# SPDX-License-Identifier: Apache-2.0
"""Embeddings that take minutes hold up nobody: no chat, no probe, no shutdown."""

import json
import signal

from harness import wire
from harness.deadline import until
from harness.process import Server

# Each input takes 100 ms: 2000 of them more than three minutes.
FAKE = "fake:step=100ms,slots=4,context=2048"
LONG = json.dumps({"input": ["a"] * 2000}).encode()


def start(server, count):
    """Requests for embeddings that are under way."""
    asked = [wire.Wire(server) for _ in range(count)]
    for connection in asked:
        connection.ask("POST", "/v1/embeddings", LONG)
    until(lambda: server.metrics().value("lares_requests_in_flight") == count, "they are under way")
    return asked


def test_they_hold_up_nobody():
    with Server(FAKE, ["--drain-timeout", "0s"]) as server:
        asked = start(server, 8)
        chat = {"messages": [{"role": "user", "content": "a"}], "max_tokens": 2}
        answer = wire.post_json(server, "/v1/chat/completions", chat)
        assert answer.status == 200
        assert wire.post_json(server, "/tokenize", {"content": "a"}).status == 200
        for connection in asked:
            connection.close()
        # Their clients went away: nothing of them is computed to its end.
        until(lambda: server.metrics().value("lares_requests_in_flight") == 0, "they have ended")


def test_there_is_an_end_to_those_that_wait():
    with Server(FAKE, ["--drain-timeout", "0s"]) as server:
        asked = start(server, 272)  # 16 that wait for the worker, and 256 behind them
        answer = wire.post_json(server, "/v1/embeddings", {"input": "a"})
        assert answer.status == 429 and int(answer.headers["retry-after"]) >= 1
        for connection in asked:
            connection.close()


def test_they_do_not_outlive_the_drain():
    server = Server(FAKE, ["--drain-timeout", "200ms"])
    try:
        asked = start(server, 5)
        server.signal(signal.SIGTERM)
        assert server.wait(30) == 0
        for connection in asked:
            answer = connection.answer()
            assert answer is None or answer.status == 503
            connection.close()
        assert not server.error_lines()
    finally:
        server.close(check=False)


def test_a_drain_waits_for_them():
    server = Server("fake:step=300ms,slots=4,context=2048", ["--drain-timeout", "120s"])
    try:
        with wire.Wire(server) as embedding:
            embedding.ask("POST", "/v1/embeddings", b'{"input": ["a", "b", "c"]}')
            until(lambda: server.metrics().value("lares_requests_in_flight") == 1, "it is under way")
            server.signal(signal.SIGTERM)
            answer = embedding.answer()
            assert answer.status == 200 and len(answer.json()["data"]) == 3
        assert server.wait() == 0
    finally:
        server.close(check=False)
