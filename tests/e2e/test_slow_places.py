# SPDX-License-Identifier: Apache-2.0
"""What the server writes to may be slow: a paused pipe behind its log, a reader that takes its answer while it shuts
down."""

import os
import signal

from harness import wire
from harness.deadline import until
from harness.process import Server


def test_a_paused_log_stops_nobody(tmp_path):
    pipe = tmp_path / "log"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with Server("fake:step=0ms,slots=2,context=512", ["--log-file", pipe]) as server:
            # Far more than a pipe holds; at 300 bytes a line it is full after two hundred.
            with wire.Wire(server) as connection:
                for i in range(1500):
                    connection.ask("GET", "/v1/models", headers={"x-request-id": f"{i}-" + "x" * 100})
                    assert connection.answer().status == 200
            answer = wire.post_json(server, "/v1/completions", {"prompt": "a", "max_tokens": 3})
            assert answer.status == 200
            assert server.metrics().value("lares_log_lines_dropped_total") == 0, "it was only kept back"
    finally:
        os.close(reader)


def test_a_drain_lets_a_slow_reader_have_its_answer():
    server = Server("fake:step=0ms,slots=2,context=300000", ["--drain-timeout", "120s", "--stream-buffer", "64MiB"])
    try:
        with wire.Wire(server, receive_buffer=65536) as slow:
            # Megabytes: more than the buffers of the system, and complete before any of it is read.
            slow.ask("POST", "/v1/completions", b'{"prompt": "a", "max_tokens": 20000, "logprobs": 5}')
            until(lambda: server.metrics().value("lares_completion_tokens_total") == 20000, "it is complete")
            server.signal(signal.SIGTERM)
            until(lambda: "draining" in server.log(), "the signal has come")
            answer = slow.answer()
            assert answer.status == 200
            assert answer.json()["usage"]["completion_tokens"] == 20000
        assert server.wait() == 0
    finally:
        server.close(check=False)
