# SPDX-License-Identifier: Apache-2.0
"""Greedy answers are llama.cpp's own, token for token: alone, among others, with and without
a prefix from the cache.

The kernels are not bit-stable over the number of rows in a call (one row, nine rows and a chunk of a prompt go different
ways through the matrix code), so two tokens that are as good as equal may change places. Where an answer leaves
llama.cpp's, this shows it: the two tokens' log probabilities, by the server itself, must be within BOUND."""

from concurrent.futures import ThreadPoolExecutor

from harness import peer, settings
from harness.deadline import until

SERVER = {"flags": ["--parallel", "12"]}
TOKENS = 48
BOUND = 0.15  # in natural logarithm; a tie is 0
PROMPTS = [
    "The capital of France is",
    "Once upon a time, in a village by the sea, there lived",
    'def fibonacci(n):\n    """Return the n-th Fibonacci number."""\n',
    "<|im_start|>user\nWhat is a river?<|im_end|>\n<|im_start|>assistant\n",
    "List of the planets, with a sentence about each:\n"
    + "".join(f"{i}. Planet number {i} is far away.\n" for i in range(1, 40)),
]
LONG = PROMPTS[-1]


def ask(client, prompt, tokens=TOKENS, **more):
    return client.completions.create(
        model=settings.model_name(),
        prompt=prompt,
        max_tokens=tokens,
        temperature=0,
        extra_body={"ignore_eos": True},
        **more,
    )


def first_difference(a, b):
    return next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))


def gap_at(client, prompt, expected, got):
    """How far apart, in log probability, the two continuations are where they part."""
    place = first_difference(expected, got)
    # The last token before the difference may reach into it: step back to a token's edge.
    for back in range(0, 24):
        common = got[: max(place - back, 0)]
        top = ask(client, prompt + common, 1, logprobs=5).choices[0].logprobs.top_logprobs[0]
        values = [
            [p for token, p in top.items() if token and text[len(common) :].startswith(token)]
            for text in (expected, got)
        ]
        if all(values) and set(values[0]) != set(values[1]):
            return abs(max(values[0]) - max(values[1]))
        if place - back <= 0:
            break
    return float("inf")


def check(client, prompt, expected, got, what):
    """Equal, or a near tie; whether it was equal."""
    if got == expected:
        return True
    place, gap = first_difference(expected, got), gap_at(client, prompt, expected, got)
    shown = (
        f"{what}: {prompt[:30]!r} leaves the expected answer at byte {place} of {len(expected)}: "
        f"{expected[place : place + 20]!r}, here {got[place : place + 20]!r}; log probabilities {gap:.4f} apart"
    )
    print(shown)
    assert gap <= BOUND, shown
    return False


def report(results, what):
    print(f"{what}: {sum(results)} of {len(results)} answers equal to the last token")
    # Near ties are rare: were most answers different, something else would be wrong.
    assert sum(results) * 2 >= len(results)


def test_alone(client):
    results = []
    for prompt in PROMPTS:
        answer = ask(client, prompt)
        assert answer.usage.completion_tokens == TOKENS
        results.append(check(client, prompt, peer.complete(prompt, TOKENS), answer.choices[0].text, "alone"))
    report(results, "alone")
    assert all(results), "the same rows through the same kernels give the same tokens"


def test_with_a_prefix_from_the_cache(client):
    results = []
    for prompt in PROMPTS:
        ask(client, prompt, 1)
        answer = ask(client, prompt)
        if len(prompt) > 500:
            assert answer.usage.prompt_tokens_details.cached_tokens > 100
        results.append(check(client, prompt, peer.complete(prompt, TOKENS), answer.choices[0].text, "cached"))
    # Half of the prefix: the rest is read in a smaller call.
    ask(client, LONG[: len(LONG) // 2], 1)
    other = LONG[: len(LONG) // 2] + " And now for something else:"
    answer = ask(client, other)
    assert answer.usage.prompt_tokens_details.cached_tokens > 100
    results.append(check(client, other, peer.complete(other, TOKENS), answer.choices[0].text, "half cached"))
    report(results, "cached")


def test_among_eight_others(server, client):
    others = [
        client.completions.create(
            model=settings.model_name(),
            prompt=f"Story number {n}: ",
            max_tokens=1500,
            stream=True,
            temperature=0.8,
            seed=n,
            extra_body={"ignore_eos": True},
        )
        for n in range(8)
    ]
    for other in others:
        next(iter(other))
    until(lambda: server.metrics().value("lares_sequences", state="running") == 8, "eight others run")
    results = []
    for prompt in PROMPTS:
        fresh = "\n" + prompt  # no prefix that the tests above have left in the cache
        answer = ask(client, fresh)
        results.append(check(client, fresh, peer.complete(fresh, TOKENS), answer.choices[0].text, "among eight"))
    assert server.metrics().value("lares_sequences", state="running") == 8, "they ran all the while"
    for other in others:
        other.close()
    server.wait_idle()
    report(results, "among eight others")


def test_together_and_again(client):
    """Needs no peer: the same prompts at once and one after another, twice."""
    prompts = [f"Fact number {n} about the sea:" for n in range(9)]
    alone = [ask(client, prompt, 24).choices[0].text for prompt in prompts]
    again = [ask(client, prompt, 24).choices[0].text for prompt in prompts]
    with ThreadPoolExecutor(9) as pool:
        together = list(pool.map(lambda prompt: ask(client, prompt, 24).choices[0].text, prompts))
    for what, texts in (("again", again), ("together", together)):
        report([check(client, p, a, t, what) for p, a, t in zip(prompts, alone, texts)], what)
