# SPDX-License-Identifier: Apache-2.0
"""Bodies that are broken, deep, huge or of the wrong type: always a 400 that says why, never more."""

import json
import random

import pytest

from harness import settings, wire

SERVER = {"model": "fake:step=0ms,slots=4,context=1024"}
ROUTES = ["/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/tokenize", "/detokenize"]
GOOD = {
    "/v1/chat/completions": {
        "model": "fake",
        "messages": [{"role": "user", "content": "hi", "name": "ann"}],
        "max_tokens": 2,
        "max_completion_tokens": 2,
        "temperature": 1,
        "top_p": 1,
        "n": 1,
        "stream": False,
        "stop": ["x"],
        "presence_penalty": 0,
        "frequency_penalty": 0,
        "logit_bias": {"5": 1},
        "logprobs": True,
        "top_logprobs": 2,
        "seed": 1,
        "user": "u",
        "tools": [],
        "tool_choice": "none",
        "parallel_tool_calls": True,
        "response_format": {"type": "text"},
        "stream_options": None,
        "top_k": 5,
        "min_p": 0.1,
        "repeat_penalty": 1.1,
        "ignore_eos": False,
        "min_tokens": 0,
        "chat_template_kwargs": {},
    },
    "/v1/completions": {
        "model": "fake",
        "prompt": "hi",
        "max_tokens": 2,
        "n": 1,
        "logprobs": 1,
        "echo": False,
        "stop": "x",
        "best_of": 1,
        "suffix": None,
    },
    "/v1/embeddings": {"model": "fake", "input": "hi", "encoding_format": "float", "dimensions": 8, "user": "u"},
    "/tokenize": {"model": "fake", "content": "hi", "add_special": False, "with_pieces": False},
    "/detokenize": {"model": "fake", "tokens": [1, 2]},
}


def is_refusal(answer):
    error = answer.error()
    assert answer.status == 400, (answer.status, error)
    assert error["type"] == "invalid_request_error" and error["message"] and error["code"]
    return error


@pytest.mark.parametrize("route", ROUTES)
def test_a_good_body_is_good(server, route):
    answer = wire.post_json(server, route, GOOD[route])
    assert answer.status == 200, answer.body


@pytest.mark.parametrize("route", ROUTES)
def test_truncated_json(server, route):
    whole = json.dumps(GOOD[route]).encode()
    for cut in sorted(random.Random(settings.SEED).sample(range(len(whole)), 20)):
        error = is_refusal(wire.post_json(server, route, whole[:cut]))
        assert error["code"] == "invalid_json"


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    "junk", [b"\xff", b"\xc3\x28", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\xaf", b"\xe2\x82"], ids=repr
)
def test_invalid_utf8(server, route, junk):
    is_refusal(wire.post_json(server, route, b'{"model": "fake", "user": "' + junk + b'"}'))


@pytest.mark.parametrize(
    "body",
    [
        b"null",
        b"[]",
        b"5",
        b'"text"',
        b"",
        b"{}x",
        b"{'a': 1}",
        b'{"a": NaN}',
        b'{"a": 01}',
        b'{"a": "\\ud800"}',
        b'{"a": "\x00"}',
        b"\xef\xbb\xbf",
        b"<xml/>",
    ],
    ids=repr,
)
def test_what_is_no_json_object(server, body):
    is_refusal(wire.request(server, "POST", "/v1/chat/completions", body))


@pytest.mark.parametrize("opening, closing", [(b"[", b"]"), (b'{"a":', b"}"), (b"[[{", b""), (b'[{"a":', b"")])
@pytest.mark.parametrize("depth", [200, 100_000, 1_000_000])
def test_deep_nesting(server, opening, closing, depth):
    body = b'{"model": "fake", "x": ' + opening * depth + b"1" + closing * depth + b"}"
    is_refusal(wire.post_json(server, "/v1/chat/completions", body))


def test_many_values(server):
    is_refusal(wire.post_json(server, "/v1/completions", {"prompt": "a", "x": [0] * 3_000_000}))
    is_refusal(wire.post_json(server, "/v1/completions", {"prompt": "a", "x": {str(i): 0 for i in range(200_000)}}))


HUGE = [
    "1e999",
    "-1e999",
    "1" * 400,
    "-" + "9" * 400,
    "1e-999",
    "0." + "0" * 500 + "1",
    "18446744073709551616",
    "-9223372036854775809",
    "9007199254740993",
    "2147483648",
    "4294967296",
    "1e20",
]


@pytest.mark.parametrize("number", HUGE, ids=lambda n: n[:24])
def test_huge_numbers(server, number):
    for route in ROUTES[:2]:
        for field in (
            "max_tokens",
            "temperature",
            "n",
            "seed",
            "top_k",
            "logit_bias",
            "top_logprobs",
            "min_tokens",
            "repeat_penalty",
            "presence_penalty",
        ):
            base = {k: v for k, v in GOOD[route].items() if k in ("model", "messages", "prompt")}
            body = json.dumps({**base, "max_completion_tokens": 1, field: "@"}).replace('"@"', number).encode()
            answer = wire.post_json(server, route, body)
            assert answer.status in (200, 400), (field, answer.status, answer.body)
            assert answer.status == 200 or answer.error()["message"]


@pytest.mark.parametrize(
    "ids", ["[2147483647]", "[-1]", "[1e300]", "[99999999999999999999]", "[1.5]", "[null]", "[[-1]]", "[true]"]
)
def test_token_ids_that_are_none(server, ids):
    is_refusal(wire.post_json(server, "/detokenize", f'{{"tokens": {ids}}}'.encode()))
    is_refusal(wire.post_json(server, "/v1/completions", f'{{"prompt": {ids}, "max_tokens": 1}}'.encode()))


WRONG = [5, -1.5, True, "text", [], [[]], {}, {"a": {"b": []}}, None]


@pytest.mark.parametrize("route", ROUTES)
def test_wrong_types_for_each_field(server, route):
    """Nothing breaks; what is refused names its field."""
    for field, value in GOOD[route].items():
        for wrong in WRONG:
            answer = wire.post_json(server, route, {**GOOD[route], field: wrong})
            assert answer.status in (200, 400, 404), (field, wrong, answer.status, answer.body)
            if answer.status != 200:
                error = answer.error()
                param = error["param"] or ""
                # Some fields are read together: the other one may be named.
                assert param, (field, wrong, error)
                del param
            elif (
                type(wrong) is not type(value) and wrong is not None and not isinstance(value, (int, float, type(None)))
            ):
                assert field in TOLERATED.get(route, ()) or plausible(field, wrong), (field, wrong, answer.body[:200])


TOLERATED = {
    "/v1/chat/completions": ("user", "logit_bias"),
    "/v1/completions": ("user", "suffix"),
    "/v1/embeddings": ("user",),
    "/tokenize": (),
    "/detokenize": (),
}


def plausible(field, value):
    """Values of another type that the field takes as well."""
    return (field, type(value)) in {
        ("stop", str),
        ("stop", list),
        ("prompt", list),
        ("input", list),
        ("tool_choice", dict),
        ("content", list),
        ("response_format", dict),
    }


def test_unknown_fields_are_tolerated(server):
    for route in ROUTES:
        answer = wire.post_json(
            server, route, {**GOOD[route], "nobody_knows": {"a": [1, {"b": None}]}, "x-y": 1, "": 2}
        )
        assert answer.status == 200, (route, answer.body)


def test_random_bytes(server):
    chance = random.Random(settings.SEED)
    for _ in range(200):
        body = bytearray(json.dumps(GOOD[chance.choice(ROUTES)]).encode())
        for _ in range(chance.randint(1, 4)):
            body[chance.randrange(len(body))] = chance.randrange(256)
        answer = wire.request(server, "POST", chance.choice(ROUTES), bytes(body))
        assert answer.status in (200, 400, 404), (settings.SEED, bytes(body), answer.body)


def test_other_content_types(server):
    body = json.dumps(GOOD["/tokenize"]).encode()
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        assert wire.request(server, "POST", "/tokenize", body, {"Content-Type": kind}).status == 415
    assert wire.request(server, "POST", "/tokenize", body, {"Content-Encoding": "gzip"}).status == 415
    assert (
        wire.request(server, "POST", "/tokenize", body, {"Content-Type": "application/json; charset=utf-8"}).status
        == 200
    )


def test_the_server_is_unmoved(server):
    assert wire.post_json(server, "/v1/completions", GOOD["/v1/completions"]).status == 200
    server.wait_idle()
