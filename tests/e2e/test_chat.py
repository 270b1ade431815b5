# SPDX-License-Identifier: Apache-2.0
"""Chat and completions, whole and streamed, through the official client."""

import pytest

from harness import settings, wire

QUESTION = [{"role": "user", "content": "What is the capital of France?"}]


def ask(client, **more):
    more.setdefault("messages", QUESTION)
    more.setdefault("max_tokens", 16)
    more.setdefault("temperature", 0)
    return client.chat.completions.create(model=settings.model_name(), **more)


def text_of(chunks):
    return "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)


def test_an_answer(client):
    answer = ask(client)
    assert answer.object == "chat.completion" and answer.model == settings.model_name()
    assert answer.id and answer.created > 0
    (choice,) = answer.choices
    assert choice.index == 0 and choice.message.role == "assistant"
    assert choice.message.content.strip()
    assert choice.finish_reason in ("stop", "length")
    assert answer.usage.prompt_tokens > 10
    assert 0 < answer.usage.completion_tokens <= 16
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens


def test_a_stream_is_the_same_answer(client):
    whole = ask(client)
    chunks = list(ask(client, stream=True))
    assert text_of(chunks) == whole.choices[0].message.content
    assert {c.object for c in chunks} == {"chat.completion.chunk"}
    assert len({c.id for c in chunks}) == 1
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [c.choices[0].finish_reason for c in chunks if c.choices and c.choices[0].finish_reason] == [
        whole.choices[0].finish_reason
    ]
    assert all(c.usage is None for c in chunks)


def test_usage_in_a_stream(client):
    chunks = list(ask(client, stream=True, stream_options={"include_usage": True}))
    assert chunks[-1].choices == []
    assert chunks[-1].usage.completion_tokens <= 16
    assert chunks[-1].usage.total_tokens == chunks[-1].usage.prompt_tokens + chunks[-1].usage.completion_tokens
    assert all(c.usage is None for c in chunks[:-1])


def test_the_stream_on_the_wire(server):
    body = {"model": settings.model_name(), "messages": QUESTION, "max_tokens": 4, "stream": True}
    answer = wire.post_json(server, "/v1/chat/completions", body)
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert "no-cache" in answer.headers["cache-control"]
    assert answer.headers["x-request-id"]
    assert wire.sse_events(answer.body)[-1] == b"[DONE]"
    assert answer.body.endswith(b"\n\n")


def test_length_ends_an_answer(client):
    answer = ask(client, max_tokens=3)
    assert answer.choices[0].finish_reason == "length"
    assert answer.usage.completion_tokens == 3
    answer = client.chat.completions.create(model=settings.model_name(), messages=QUESTION, max_completion_tokens=2)
    assert answer.usage.completion_tokens == 2


def test_roles_and_parts(client):
    answer = ask(
        client,
        messages=[
            {"role": "developer", "content": "Answer with one word."},
            {"role": "user", "content": [{"type": "text", "text": "Hi."}, {"type": "text", "text": "Who are you?"}]},
            {"role": "assistant", "content": "Someone."},
            {"role": "user", "content": "Say more.", "name": "ann"},
        ],
    )
    assert answer.choices[0].message.content


def test_several_choices(client):
    answer = ask(client, n=3, temperature=1.0, seed=7, max_tokens=12)
    assert [c.index for c in answer.choices] == [0, 1, 2]
    texts = [c.message.content for c in answer.choices]
    assert len(set(texts)) > 1, "every choice draws its own numbers"
    assert answer.usage.completion_tokens <= 36
    streamed = {0: "", 1: "", 2: ""}
    for chunk in ask(client, n=3, temperature=1.0, seed=7, max_tokens=12, stream=True):
        for choice in chunk.choices:
            streamed[choice.index] += choice.delta.content or ""
    assert [streamed[i] for i in range(3)] == texts


@pytest.mark.parametrize("field", [{"ignore_eos": True}, {"min_tokens": 24}])
def test_an_answer_can_be_made_to_go_on(client, field):
    answer = ask(client, messages=[{"role": "user", "content": "Say hi."}], max_tokens=24, extra_body=field)
    assert answer.usage.completion_tokens == 24


def test_what_other_servers_clients_send(client):
    answer = ask(
        client,
        user="someone",
        metadata={"a": "b"},
        store=False,
        extra_body={
            "top_k": 40,
            "min_p": 0.05,
            "repeat_penalty": 1.1,
            "repetition_penalty": 1.1,
            "typical_p": 1.0,
            "cache_prompt": True,
            "skip_special_tokens": True,
            "chat_template_kwargs": {"enable_thinking": False},
            "something_nobody_knows": {"deep": [1, 2, 3]},
        },
    )
    assert answer.choices[0].message.content


def test_completion(client):
    answer = client.completions.create(
        model=settings.model_name(), prompt="The capital of France is", max_tokens=8, temperature=0
    )
    assert answer.object == "text_completion"
    assert "Paris" in answer.choices[0].text
    chunks = list(
        client.completions.create(
            model=settings.model_name(),
            prompt="The capital of France is",
            max_tokens=8,
            temperature=0,
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    assert "".join(c.choices[0].text for c in chunks if c.choices) == answer.choices[0].text
    assert chunks[-1].usage == answer.usage or chunks[-1].usage.completion_tokens == answer.usage.completion_tokens


def test_completion_of_token_ids(server, client):
    text = "The capital of France is"
    tokens = server.post("/tokenize", json={"content": text}).json()["tokens"]
    by_text = client.completions.create(model=settings.model_name(), prompt=text, max_tokens=8, temperature=0)
    by_ids = client.completions.create(model=settings.model_name(), prompt=tokens, max_tokens=8, temperature=0)
    assert by_ids.choices[0].text == by_text.choices[0].text


def test_completion_echo_and_logprobs(client):
    answer = client.completions.create(
        model=settings.model_name(), prompt="One two three", max_tokens=4, temperature=0, logprobs=2
    )
    logprobs = answer.choices[0].logprobs
    assert len(logprobs.tokens) == len(logprobs.token_logprobs) == answer.usage.completion_tokens
    assert "".join(logprobs.tokens) == answer.choices[0].text


def test_tokenize_and_back(server):
    text = "Grüße, 世界! \U0001f680"
    for field in ("content", "prompt"):
        tokens = server.post("/tokenize", json={field: text}).json()["tokens"]
        assert all(isinstance(t, int) for t in tokens)
        back = server.post("/detokenize", json={"tokens": tokens}).json()
        assert text in (back.get("content"), back.get("prompt"))


def test_a_character_is_never_cut(client):
    for chunk in ask(
        client,
        messages=[{"role": "user", "content": "Write five emoji and the word 世界."}],
        stream=True,
        max_tokens=48,
        temperature=1.2,
        seed=3,
    ):
        if chunk.choices and chunk.choices[0].delta.content:
            assert "�" not in chunk.choices[0].delta.content
