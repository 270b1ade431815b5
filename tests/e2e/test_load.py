# SPDX-License-Identifier: Apache-2.0
"""Many at once."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import settings, wire
from harness.process import Server

SERVER = {"flags": ["--parallel", "16", "--ctx-size", "512"]}


def streamed_text(client, model, number, tokens):
    stream = client.chat.completions.create(
        model=model,
        messages=[{"role": "user", "content": f"Tell me about the number {number}."}],
        stream=True,
        max_tokens=tokens,
        temperature=0,
        stream_options={"include_usage": True},
    )
    text, usage, reason = "", None, None
    for chunk in stream:
        usage = chunk.usage or usage
        for choice in chunk.choices:
            text += choice.delta.content or ""
            reason = choice.finish_reason or reason
    return text, usage, reason


def test_64_concurrent_streams(server):
    with server.openai() as client, ThreadPoolExecutor(64) as pool:
        answers = list(pool.map(lambda n: streamed_text(client, settings.model_name(), n, 12), range(64)))
    for text, usage, reason in answers:
        assert text and reason in ("stop", "length") and 0 < usage.completion_tokens <= 12
    server.wait_idle()
    metrics = server.metrics()
    # One key per state or use: whatever was taken was given back.
    assert metrics.value("lares_kv_cells", use="used") == 0


def test_each_gets_its_own_answer(server):
    """16 at once say what each says alone, up to where two tokens were as good as equal."""
    with server.openai() as client:
        alone = [streamed_text(client, settings.model_name(), n, 8)[0] for n in range(0, 16, 4)]
        with ThreadPoolExecutor(16) as pool:
            together = list(pool.map(lambda n: streamed_text(client, settings.model_name(), n, 8)[0], range(16)))
    same = sum(a == b for a, b in zip(alone, together[::4]))
    assert same >= 3, list(zip(alone, together[::4]))


def test_500_streams_of_a_fast_model():
    with Server("fake:step=1ms,slots=64,context=1024", ["--queue", "1000"]) as server:
        with server.openai() as client, ThreadPoolExecutor(100) as pool:
            answers = list(pool.map(lambda n: streamed_text(client, "fake", n, 20), range(500)))
        assert all(usage.completion_tokens == 20 and reason == "length" for _, usage, reason in answers)
        server.wait_idle()


def test_a_4_mb_body_that_never_fits(server):
    answer = wire.post_json(
        server, "/v1/chat/completions", {"messages": [{"role": "user", "content": "word " * 800_000}]}
    )
    assert answer.status == 400 and answer.error()["code"] == "context_length_exceeded"


def test_a_4_mb_body_that_is_read():
    """What counts is in the last of many messages' worth of ignored fields."""
    with Server("fake:step=0ms,slots=2,context=512") as server:
        body = {"prompt": "hello", "max_tokens": 3, "padding": "x" * 4_000_000}
        answer = wire.post_json(server, "/v1/completions", body)
        assert answer.status == 200 and answer.json()["usage"]["completion_tokens"] == 3


def test_a_body_beyond_the_limit():
    with Server("fake:step=0ms,slots=2,context=512", ["--max-body", "64KiB"]) as server:
        big = json.dumps({"prompt": "a" * 70_000}).encode()
        assert wire.request(server, "POST", "/v1/completions", big).status == 413
        # Announced but never sent: refused by the header alone.
        with wire.Wire(server) as connection:
            connection.send(
                wire.head(
                    "POST",
                    "/v1/completions",
                    {"Host": "localhost", "Content-Type": "application/json", "Content-Length": "9999999999"},
                )
            )
            assert connection.answer().status == 413
        chunk = b"10000\r\n" + b"a" * 65536 + b"\r\n"
        with wire.Wire(server) as connection:
            connection.send(
                wire.head(
                    "POST",
                    "/v1/completions",
                    {"Host": "localhost", "Content-Type": "application/json", "Transfer-Encoding": "chunked"},
                )
            )
            try:
                for _ in range(4):
                    connection.send(chunk)
            except ConnectionError:
                pass  # it has answered and closed already
            assert connection.answer().status == 413


@pytest.mark.full
def test_a_long_run_leaves_nothing_behind():
    with Server("fake:step=0ms,slots=32,context=2048", ["--queue", "2000"]) as server:
        with server.openai() as client, ThreadPoolExecutor(100) as pool:
            for _ in range(20):
                list(pool.map(lambda n: streamed_text(client, "fake", n, 10), range(500)))
            resident = memory(server)
            for _ in range(20):
                list(pool.map(lambda n: streamed_text(client, "fake", n, 10), range(500)))
        assert memory(server) < resident * 1.2 + 16 * 1024


def memory(server):
    """Resident kB."""
    with open(f"/proc/{server.process.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
