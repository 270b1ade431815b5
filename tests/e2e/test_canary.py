# SPDX-License-Identifier: Apache-2.0
"""What is asked and answered never gets into logs, metrics or files, at any level, unless --log-content says so."""

import json

import pytest

from harness import identity, settings, wire
from harness.process import Server

ASKED = "canary-asked-5b7e1f"
ANSWERED = "canary-answered-90c2d4"
SMALL = ["--ctx-size", "1024", "--parallel", "2"]
HELLO = {"messages": [{"role": "user", "content": ASKED}]}
TOOL = {
    "type": "function",
    "function": {
        "name": "f",
        "description": ASKED,
        "parameters": {
            "type": "object",
            "properties": {ASKED: {"const": ANSWERED}},
            "required": [ASKED],
            "additionalProperties": False,
        },
    },
}
FORM = {
    "type": "json_schema",
    "json_schema": {
        "name": "x",
        "schema": {
            "type": "object",
            "properties": {"v": {"const": ANSWERED}},
            "required": ["v"],
            "additionalProperties": False,
        },
    },
}

# Good ones, refused ones and broken ones: an error must not carry the text into the log either.
REQUESTS = [
    ("/v1/chat/completions", {**HELLO, "max_tokens": 60, "response_format": FORM}),
    ("/v1/chat/completions", {**HELLO, "max_tokens": 60, "response_format": FORM, "stream": True}),
    ("/v1/chat/completions", {**HELLO, "max_tokens": 80, "tools": [TOOL], "tool_choice": "required"}),
    ("/v1/chat/completions", {**HELLO, "max_tokens": 4, "stop": [ASKED], "user": ASKED, "logprobs": True}),
    ("/v1/chat/completions", {"messages": [{"role": "user", "content": f"{ASKED} " * 2000}]}),
    ("/v1/chat/completions", {"messages": [{"role": ASKED, "content": ASKED}]}),
    ("/v1/chat/completions", {**HELLO, "temperature": ASKED}),
    ("/v1/chat/completions", {**HELLO, "response_format": {"type": ASKED}}),
    (
        "/v1/chat/completions",
        {
            **HELLO,
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "x", "schema": {"type": ASKED, ASKED: ASKED}},
            },
        },
    ),
    (
        "/v1/chat/completions",
        {**HELLO, "tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": ASKED}}},
    ),
    ("/v1/chat/completions", {**HELLO, "grammar": f'root ::= "{ASKED}'}),
    ("/v1/chat/completions", {**HELLO, "chat_template_kwargs": {"a": ASKED}, "max_tokens": 1}),
    (
        "/v1/chat/completions",
        {
            "messages": [
                {
                    "role": "user",
                    "content": [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{ASKED}"}}],
                }
            ]
        },
    ),
    ("/v1/completions", {"prompt": ASKED, "max_tokens": 4, "suffix": ASKED}),
    ("/v1/completions", {"prompt": [ASKED, ASKED], "max_tokens": 2}),
    ("/v1/embeddings", {"input": [ASKED, f"{ASKED} " * 3000]}),
    ("/v1/embeddings", {"input": ASKED}),
    ("/tokenize", {"content": ASKED}),
    ("/detokenize", {"tokens": ASKED}),
    ("/v1/chat/completions", b'{"messages": "' + ASKED.encode()),
    ("/v1/chat/completions", b'{"messages": "' + ASKED.encode() + b"\xff"),
    ("/v1/chat/completions", ASKED.encode()),
]


def ask_everything(server):
    answered = False
    for path, body in REQUESTS:
        answer = wire.post_json(server, path, body)
        assert answer.status in (200, 400), answer
        answered |= answer.status == 200 and ANSWERED.encode() in answer.body.replace(b"\\", b"")
    wire.request(server, "GET", f"/v1/nothing?prompt={ASKED}")
    wire.request(server, "GET", "/v1/models", headers={"Cookie": ASKED, "X-Prompt": ASKED})
    # Cut off in the middle, too.
    with wire.Wire(server) as connection:
        connection.ask(
            "POST", "/v1/chat/completions", json.dumps({**HELLO, "stream": True, "max_tokens": 500}).encode()
        )
        connection.start()
        next(connection.chunks())
    server.wait_idle()
    return answered


def found_in(server):
    """Where a canary can be found: the log, the metrics, or a file of the server."""
    places = {
        "log": server.log(),
        "metrics": server.get("/metrics").text,
        "health": server.get("/health").text,
        "models": server.get("/v1/models").text,
    }
    for path in server.data.rglob("*"):
        if path.is_file():
            places[str(path)] = path.read_bytes().decode("latin-1")
    return [place for place, text in places.items() if ASKED in text or ANSWERED in text]


@pytest.mark.parametrize("level", ["debug", "info", "error"])
@pytest.mark.parametrize("form", ["text", "json"])
def test_nothing_is_written_down(level, form):
    if not settings.FULL and (level, form) not in (("debug", "json"), ("debug", "text"), ("info", "text")):
        pytest.skip("a sample of levels and forms in the fast tier")
    server = Server(settings.MODEL, [*SMALL, "--log-level", level, "--log-format", form])
    try:
        assert ask_everything(server), "the model was made to say the canary"
        assert found_in(server) == []
        assert server.stop() == 0
        assert ASKED not in server.log() and ANSWERED not in server.log()
    finally:
        server.close(check=False)


def test_the_content_is_logged_when_asked_for():
    """Without this the test above could pass by looking in the wrong place."""
    server = Server(settings.MODEL, [*SMALL, "--log-content"])
    try:
        wire.post_json(server, *REQUESTS[0])
        wire.post_json(server, *REQUESTS[1])
        server.wait_idle()
        assert found_in(server) == ["log"]
        assert ASKED in server.log() and ANSWERED in server.log()
    finally:
        server.close(check=False)


def test_keys_are_not_written_down(tmp_path):
    key = "canary-key-1f2e3d"
    keys = identity.write_keys(tmp_path / "keys", ("me", key, "all"))
    with Server("fake:step=0ms,slots=2,context=512", ["--api-key-file", keys], headers=identity.bearer(key)) as server:
        assert server.get("/v1/models").status_code == 200
        assert server.get("/v1/models", headers={"Authorization": f"Bearer {key}-wrong"}).status_code == 401
        assert server.get(f"/v1/models?api_key={key}").status_code == 200
        assert key not in server.log() and key not in server.get("/metrics").text
        environment = open(f"/proc/{server.process.pid}/cmdline", "rb").read()
        assert key.encode() not in environment


def test_one_line_per_finished_request():
    with Server("fake:step=0ms,slots=2,context=512", ["--log-level", "info"]) as server:
        for number in range(3):
            wire.post_json(
                server, "/v1/completions", {"prompt": "a", "max_tokens": 2}, {"X-Request-Id": f"line-{number}"}
            )
        server.wait_idle()
        lines = [json.loads(line) for line in server.log().splitlines()]
        for number in range(3):
            (line,) = [entry for entry in lines if entry.get("id") == f"line-{number}"]
            assert line["route"] == "POST /v1/completions" and line["status"] == 200 and line["model"] == "fake"
            assert line["completion_tokens"] == 2 and line["finish"] == "length"
            assert {"queue_ms", "ttft_ms", "itl_p99_ms", "total_ms", "prompt_tokens"} <= line.keys()
