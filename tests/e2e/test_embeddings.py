# SPDX-License-Identifier: Apache-2.0
import base64
import math
import struct

import openai
import pytest

from harness import settings

TEXTS = ["A river flows to the sea.", "Water runs down to the ocean.", "def f(x): return x + 1"]


def embed(client, value, **more):
    return client.embeddings.create(model=settings.model_name(), input=value, **more)


def cosine(a, b):
    return sum(x * y for x, y in zip(a, b)) / math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))


def test_one_text(client):
    answer = embed(client, TEXTS[0])
    assert answer.object == "list" and answer.data[0].object == "embedding"
    assert len(answer.data[0].embedding) == 576
    assert answer.usage.prompt_tokens == answer.usage.total_tokens > 0


def test_order_and_sense(client):
    answer = embed(client, TEXTS)
    assert [d.index for d in answer.data] == [0, 1, 2]
    alike, apart = (cosine(answer.data[0].embedding, answer.data[i].embedding) for i in (1, 2))
    assert alike > apart
    for text, datum in zip(TEXTS, answer.data):
        assert cosine(embed(client, text).data[0].embedding, datum.embedding) > 0.999


def test_base64_is_the_same_numbers(client):
    floats = embed(client, TEXTS[0], encoding_format="float").data[0].embedding
    raw = embed(client, TEXTS[0], encoding_format="base64").data[0].embedding
    values = struct.unpack(f"<{len(floats)}f", base64.b64decode(raw))
    assert values == pytest.approx(floats, abs=1e-6)
    assert embed(client, TEXTS[0]).data[0].embedding == pytest.approx(floats, abs=1e-6)  # the SDK's default


def test_dimensions(client):
    whole = embed(client, TEXTS[0]).data[0].embedding
    short = embed(client, TEXTS[0], dimensions=64).data[0].embedding
    assert len(short) == 64
    assert math.sqrt(sum(x * x for x in short)) == pytest.approx(1, abs=1e-3)
    assert cosine(short, whole[:64]) > 0.999


def test_token_ids(server, client):
    ids = server.post("/tokenize", json={"content": TEXTS[0]}).json()["tokens"]
    by_ids = embed(client, ids).data[0].embedding
    assert cosine(by_ids, embed(client, TEXTS[0]).data[0].embedding) > 0.99
    assert len(embed(client, [ids, ids]).data) == 2


@pytest.mark.parametrize(
    "value, more, param",
    [
        ([], {}, "input"),
        (5, {}, "input"),
        ([{"a": 1}], {}, "input"),
        ("", {}, "input"),
        (["a"] * 2049, {}, "input"),
        (TEXTS[0], {"dimensions": 0}, "dimensions"),
        (TEXTS[0], {"dimensions": 577}, "dimensions"),
        (TEXTS[0], {"encoding_format": "hex"}, "encoding_format"),
        ([-1], {}, "input"),
        ([10**9], {}, "input"),
    ],
    ids=str,
)
def test_wrong_input(client, value, more, param):
    with pytest.raises(openai.BadRequestError) as error:
        embed(client, value, **more)
    assert (error.value.param or "").startswith(param), error.value


def test_a_text_beyond_the_context(client):
    with pytest.raises(openai.BadRequestError) as error:
        embed(client, "word " * 9000)
    assert error.value.code == "context_length_exceeded"
