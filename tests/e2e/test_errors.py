# SPDX-License-Identifier: Apache-2.0
"""Errors as the official client sees them."""

import re
from concurrent.futures import ThreadPoolExecutor

import openai
import pytest

from harness import settings, wire
from harness.deadline import until
from harness.process import Server

HELLO = [{"role": "user", "content": "Hi"}]


def ask(client, **more):
    more.setdefault("messages", HELLO)
    return client.chat.completions.create(model=settings.model_name(), **more)


@pytest.mark.parametrize("stream", [False, True])
def test_context_length_exceeded_tells_both_numbers(client, stream):
    with pytest.raises(openai.BadRequestError) as error:
        ask(client, messages=[{"role": "user", "content": "word " * 3000}], stream=stream)
    assert error.value.code == "context_length_exceeded"
    assert error.value.param == "messages"
    numbers = [int(n) for n in re.findall(r"\d+", error.value.body["message"])]
    assert 2048 in numbers and any(n >= 3000 for n in numbers)


def test_prompt_and_answer_that_never_fit(client):
    with pytest.raises(openai.BadRequestError) as error:
        ask(client, max_tokens=2048)
    assert error.value.code == "context_length_exceeded"
    numbers = [int(n) for n in re.findall(r"\d+", error.value.body["message"])]
    assert numbers.count(2048) >= 1 and len(numbers) >= 2


def test_without_max_tokens_the_end_of_the_context_is_a_length():
    with Server("fake:step=0ms,slots=2,context=300", ["--max-tokens", "0"]) as server, server.openai() as client:
        answer = client.chat.completions.create(model="fake", messages=HELLO)
        assert answer.choices[0].finish_reason == "length"
        assert answer.usage.total_tokens in (299, 300, 301)
    with Server("fake:step=0ms,slots=2,context=300", ["--max-tokens", "50"]) as server, server.openai() as client:
        answer = client.chat.completions.create(model="fake", messages=HELLO)
        assert answer.choices[0].finish_reason == "length" and answer.usage.completion_tokens == 50


@pytest.mark.parametrize(
    "field, value",
    [
        ("temperature", 3),
        ("temperature", "hot"),
        ("top_p", 0),
        ("top_p", 1.5),
        ("n", 0),
        ("n", 1000),
        ("max_tokens", 0),
        ("max_tokens", -1),
        ("max_tokens", 1.5),
        ("presence_penalty", -3),
        ("frequency_penalty", 9),
        ("top_logprobs", 21),
        ("logit_bias", {"x": 1}),
        ("logit_bias", {"1": 1000}),
        ("stop", ["a"] * 100),
        ("stop", 5),
        ("seed", "one"),
        ("stream", "yes"),
        ("logprobs", "yes"),
        ("stream_options", 5),
        ("messages", []),
        ("messages", "hi"),
        ("messages", [{"role": "wizard", "content": "hi"}]),
        ("messages", [{"content": "hi"}]),
    ],
    ids=str,
)
def test_a_wrong_parameter_is_named(client, field, value):
    with pytest.raises(openai.BadRequestError) as error:
        more = {"logprobs": True} if field == "top_logprobs" else {}
        ask(client, extra_body={field: value, **more})
    assert (error.value.param or "").startswith(field), error.value
    assert error.value.type == "invalid_request_error" and error.value.code


def test_images_are_refused_until_there_is_vision(client):
    png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    pixel = "data:image/png;base64," + png
    with pytest.raises(openai.BadRequestError) as error:
        ask(client, messages=[{"role": "user", "content": [{"type": "image_url", "image_url": {"url": pixel}}]}])
    assert "image" in str(error.value)


def test_what_is_not_there(server):
    answer = wire.request(server, "GET", "/v1/nothing")
    assert answer.status == 404 and answer.error()["message"]
    answer = wire.request(server, "GET", "/v1/chat/completions")
    assert answer.status == 405 and "POST" in answer.headers["allow"]


def test_request_ids(server):
    answer = wire.request(server, "GET", "/livez", headers={"X-Request-Id": "mine-1"})
    assert answer.headers["x-request-id"] == "mine-1"
    answer = wire.request(server, "GET", "/livez", headers={"X-Request-Id": "bad id\t" + "x" * 500})
    assert answer.headers["x-request-id"] not in ("", "mine-1") and len(answer.headers["x-request-id"]) < 100
    answer = wire.request(server, "GET", "/v1/nothing", headers={"X-Request-Id": "mine-2"})
    assert answer.headers["x-request-id"] == "mine-2"


def test_a_full_queue_is_429_with_a_time_to_come_back():
    with Server("fake:step=5ms,slots=1,context=4096", ["--queue", "1"]) as server, server.openai() as client:
        streams = []
        try:
            with pytest.raises(openai.RateLimitError) as error:
                for _ in range(8):
                    streams.append(
                        client.chat.completions.create(model="fake", messages=HELLO, stream=True, max_tokens=3000)
                    )
            assert int(error.value.response.headers["retry-after"]) >= 1
            assert len(streams) >= 2, "one runs, one waits"
        finally:
            for stream in streams:
                stream.close()
        server.wait_idle()


def test_while_loading_it_says_so(tmp_path):
    """The port listens before the model is there; this one is half loaded until the file exists."""
    go = tmp_path / "go"
    with Server(f"fake:step=0ms,slots=2,context=512,load={go}", wait=False) as server:
        server.wait_listening()
        answer = until(lambda: (a := server.get("/readyz")).json()["percent"] == 50 and a, "loading has begun")
        assert answer.status_code == 503 and answer.json()["status"] == "loading"
        assert int(answer.headers["retry-after"]) >= 1
        with ThreadPoolExecutor(1) as pool:
            early = pool.submit(server.post, "/v1/completions", json={"prompt": "x", "max_tokens": 1})
            until(lambda: server.metrics().value("lares_requests_in_flight") == 1, "who comes early waits")
            refused = server.post("/tokenize", json={"content": "x"})
            assert refused.status_code == 503 and int(refused.headers["retry-after"]) >= 1
            assert refused.json()["error"]["code"] == "model_loading"
            check_while_it_loads(server)
            go.touch()
            assert early.result().status_code == 200
        server.wait_ready()
        assert server.get("/readyz").json() == {"status": "ready", "percent": 100}


def check_while_it_loads(server):
    assert server.get("/livez").status_code == 200, "it is well, only not ready"
    assert server.get("/v1/models").json()["data"][0]["state"] == "loading"


def test_it_ends_while_it_loads(tmp_path):
    with Server(f"fake:load={tmp_path / 'never'}", wait=False) as server:
        server.wait_listening()
        assert server.stop() == 0


def test_a_real_model_is_loaded_behind_an_open_port():
    with Server(settings.MODEL, ["--ctx-size", "512", "--parallel", "1"], wait=False) as server:
        server.wait_listening()
        assert server.get("/readyz").status_code in (200, 503)
        server.wait_ready()
