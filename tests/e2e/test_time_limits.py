# SPDX-License-Identifier: Apache-2.0
"""The settings about time do what they say."""

import json

from harness import wire
from harness.process import Server

CHAT = {"messages": [{"role": "user", "content": "a"}], "max_tokens": 1000, "stream": True}


def test_a_silent_stream_is_kept_alive_as_often_as_configured():
    # Its first token takes so long that a heartbeat of ten seconds would come too late.
    with Server("fake:step=4s,slots=2,context=2048", ["--heartbeat", "200ms", "--drain-timeout", "0s"]) as server:
        with wire.Wire(server) as stream:
            stream.ask("POST", "/v1/chat/completions", json.dumps(CHAT).encode())
            assert stream.start().status == 200
            pieces = stream.chunks()
            assert [next(pieces) for _ in range(3)] == [b": keep-alive\n\n"] * 3


def test_a_request_may_take_so_long_and_no_longer():
    with Server("fake:step=20ms,slots=4,context=2048", ["--request-timeout", "300ms"]) as server:
        answer = wire.post_json(server, "/v1/chat/completions", {**CHAT, "stream": False})
        assert answer.status == 504
        assert answer.error()["code"] == "deadline_exceeded" and "deadline" in answer.error()["message"]

        answer = wire.post_json(server, "/v1/chat/completions", CHAT)
        assert answer.status == 200, "its headers were sent before"
        *chunks, last = [json.loads(event) for event in wire.sse_events(answer.body)]
        assert len(chunks) >= 1 and last["error"]["code"] == "deadline_exceeded"

        answer = wire.post_json(server, "/v1/embeddings", {"input": ["a"] * 1000})
        assert answer.status == 504

        answer = wire.post_json(server, "/v1/chat/completions", {**CHAT, "stream": False, "max_tokens": 2})
        assert answer.status == 200
        server.wait_idle()
