# SPDX-License-Identifier: Apache-2.0
"""What decides the next token: seeds, biases, stop strings, log probabilities."""

import math
import re

import pytest

from harness import settings

STORY = [{"role": "user", "content": "Tell me a story about a river."}]


def ask(client, **more):
    more.setdefault("messages", STORY)
    more.setdefault("max_tokens", 24)
    return client.chat.completions.create(model=settings.model_name(), **more)


def content(answer):
    return answer.choices[0].message.content


def streamed(client, **more):
    return [
        c.choices[0].delta.content for c in ask(client, stream=True, **more) if c.choices and c.choices[0].delta.content
    ]


def test_a_seed_repeats_an_answer(client):
    first = content(ask(client, seed=1234, temperature=1.0))
    assert content(ask(client, seed=1234, temperature=1.0)) == first
    assert "".join(streamed(client, seed=1234, temperature=1.0)) == first
    others = {content(ask(client, seed=seed, temperature=1.0)) for seed in range(4)}
    assert len(others) > 1


def test_without_a_seed_answers_differ(client):
    assert len({content(ask(client, temperature=1.0)) for _ in range(4)}) > 1


def test_greedy_is_the_limit_of_sampling(client):
    greedy = content(ask(client, temperature=0))
    assert content(ask(client, temperature=1.0, top_p=0.000001)) == greedy
    assert content(ask(client, temperature=1.0, extra_body={"top_k": 1})) == greedy
    assert content(ask(client, temperature=1.0, extra_body={"min_p": 1.0})) == greedy


def test_logit_bias(server, client):
    token = server.post("/tokenize", json={"content": " river"}).json()["tokens"][-1]
    banned = content(ask(client, temperature=0, logit_bias={str(token): -100}, max_tokens=48))
    assert not re.search(r" river\b", banned)
    forced = content(ask(client, temperature=0, logit_bias={str(token): 100}, max_tokens=4))
    assert forced == " river" * 4


def test_penalties(client):
    loop = [{"role": "user", "content": "Repeat the word yes forever: yes yes yes yes yes yes"}]
    plain = content(ask(client, messages=loop, temperature=0, max_tokens=32))
    punished = content(ask(client, messages=loop, temperature=0, max_tokens=32, frequency_penalty=2.0))
    assert punished != plain
    assert punished.lower().count("yes") <= plain.lower().count("yes")


def test_logprobs(client):
    answer = ask(client, temperature=0, logprobs=True, top_logprobs=5, max_tokens=8)
    entries = answer.choices[0].logprobs.content
    assert len(entries) == answer.usage.completion_tokens
    assert b"".join(bytes(e.bytes) for e in entries).decode() == content(answer)
    for entry in entries:
        assert len(entry.top_logprobs) == 5
        values = [t.logprob for t in entry.top_logprobs]
        assert values == sorted(values, reverse=True)
        assert all(v <= 1e-6 for v in values)
        assert sum(math.exp(v) for v in values) <= 1.0 + 1e-3
        assert entry.token == entry.top_logprobs[0].token, "greedy takes the likeliest"
        assert entry.logprob == pytest.approx(values[0], abs=1e-5)


def test_logprobs_in_a_stream_belong_to_their_text(client):
    whole = ask(client, temperature=0, logprobs=True, top_logprobs=2, max_tokens=8)
    chunks = [
        c for c in ask(client, temperature=0, logprobs=True, top_logprobs=2, max_tokens=8, stream=True) if c.choices
    ]
    entries = [e for c in chunks if c.choices[0].logprobs for e in c.choices[0].logprobs.content]
    assert [e.token for e in entries] == [e.token for e in whole.choices[0].logprobs.content]


def test_logprobs_need_to_be_asked_for(client):
    assert ask(client, temperature=0, max_tokens=2).choices[0].logprobs is None


@pytest.mark.parametrize("position", [3, 11, 20])
@pytest.mark.parametrize("length", [1, 2, 5, 12])
def test_stop_strings_never_leak(client, position, length):
    """Any piece of the answer works as a stop string, wherever its tokens begin and end."""
    plain = content(ask(client, temperature=0))
    stop = plain[position : position + length]
    expected = plain[: plain.index(stop)]
    answer = ask(client, temperature=0, stop=stop)
    assert content(answer) == expected
    assert answer.choices[0].finish_reason == "stop"
    pieces = streamed(client, temperature=0, stop=[stop])
    assert "".join(pieces) == expected
    assert all(stop not in piece for piece in pieces)


def test_the_first_of_several_stop_strings_counts(client):
    plain = content(ask(client, temperature=0))
    stops = [plain[15:19], plain[6:9], "never in the text", plain[10:13]]
    expected = plain[: min(plain.index(s) for s in stops if s in plain)]
    assert content(ask(client, temperature=0, stop=stops)) == expected


def test_a_stop_string_that_almost_matches_holds_nothing_back_in_the_end(client):
    plain = content(ask(client, temperature=0))
    assert content(ask(client, temperature=0, stop=plain[5:9] + "~")) == plain
    assert "".join(streamed(client, temperature=0, stop=plain[-3:] + "~")) == plain


def test_a_very_large_seed(client):
    for seed in (0, 2**31, 2**53, 2**63 - 1):
        first = content(ask(client, seed=seed, temperature=1.0, max_tokens=6))
        assert content(ask(client, seed=seed, temperature=1.0, max_tokens=6)) == first
