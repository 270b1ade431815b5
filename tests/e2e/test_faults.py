# SPDX-License-Identifier: Apache-2.0
"""Whatever happens to the worker, its streams go on: 16 of them, disturbed at seeded moments, end with exactly
the tokens, the finish and the usage of an undisturbed run."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import faults, settings
from harness.deadline import until
from harness.process import Server

STREAMS = 16
MOMENTS = range(20 if settings.FULL else 2)
# As often as the test wants, and without the waits that keep a broken worker from being started again and again.
PATIENT = ["--crash-budget", "1000000", "--well-after", "0s"]
FAKE = "fake:step=4ms,row=100us,slots=16,context=2048,memory=64MiB"
SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string", "maxLength": 12}, "age": {"type": "integer"}},
    "required": ["name", "age"],
    "additionalProperties": False,
}


def request(i, tokens):
    """What decides an answer, in every combination that must survive."""
    prompt = f"Number {i}. " + "The river runs to the sea, and the sea runs to the sky. " * (1 + i % 5)
    common = {"max_tokens": tokens + 5 * (i % 4), "stream": True, "stream_options": {"include_usage": True}}
    if i % 4 == 1:
        schema = {"name": "person", "schema": SCHEMA, "strict": True}
        return "chat", {
            **common,
            "messages": [{"role": "user", "content": prompt + "Name a person."}],
            "temperature": 0,
            "response_format": {"type": "json_schema", "json_schema": schema},
        }
    if i % 4 == 2:
        return "text", {**common, "prompt": prompt, "temperature": 0, "stop": ["ee", "zz", " of the"]}
    if i % 4 == 3:
        return "text", {**common, "prompt": prompt, "temperature": 0.8, "seed": 1000 + i, "frequency_penalty": 0.3}
    return "text", {**common, "prompt": prompt, "temperature": 0}


class Run:
    """16 streams at once; `disturb` is called when `moment` pieces have come, over all of them."""

    def __init__(self, server, tokens, moment=None, disturb=None):
        self.lock = threading.Lock()
        self.pieces, self.moment, self.disturb = 0, moment, disturb
        with server.openai() as client, ThreadPoolExecutor(STREAMS) as pool:
            if moment == 0:
                starter = threading.Thread(target=disturb)
                streams = [pool.submit(self.one, client, server.name, i, tokens) for i in range(STREAMS)]
                starter.start()
                starter.join()
            else:
                streams = [pool.submit(self.one, client, server.name, i, tokens) for i in range(STREAMS)]
            self.answers = [stream.result() for stream in streams]

    def one(self, client, model, i, tokens):
        kind, body = request(i, tokens)
        api = client.chat.completions if kind == "chat" else client.completions
        text, finish, usage = "", None, None
        for piece in api.create(model=model, **body):
            if piece.usage:
                usage = (piece.usage.prompt_tokens, piece.usage.completion_tokens)
            if not piece.choices:
                continue
            choice = piece.choices[0]
            text += (choice.delta.content or "") if kind == "chat" else choice.text
            finish = choice.finish_reason or finish
            self.count()
        return text, finish, usage

    def count(self):
        with self.lock:
            self.pieces += 1
            due = self.pieces == self.moment
        if due:
            self.disturb()


def check(server, tokens, fault, seeds):
    control = Run(server, tokens)
    again = Run(server, tokens)
    assert control.answers == again.answers, "two undisturbed runs differ: nothing can be said of a disturbed one"
    for usage in (usage for _, _, usage in control.answers):
        assert usage and usage[1] > 0
    for seed in seeds:
        moment = random.Random(f"{settings.SEED} {fault} {seed}").randrange(control.pieces * 9 // 10)
        if seed == 0:
            moment = 0  # in the prompts
        before = server.get("/health").json()["model"]["crashes"]
        got = Run(server, tokens, moment, lambda: faults.FAULTS[fault](server))
        for i, (mine, wanted) in enumerate(zip(got.answers, control.answers)):
            assert mine == wanted, f"stream {i}, {fault} after {moment} of {control.pieces} pieces (seed {seed})"
        until(lambda: server.get("/readyz").status_code == 200, "it is ready again")
        server.wait_idle()
        if fault != "replace":
            assert server.get("/health").json()["model"]["crashes"] > before
    assert server.metrics().value("lares_requests_quarantined_total") == 0


@pytest.fixture(scope="module")
def fake():
    with_many_crashes = Server(FAKE, PATIENT)
    yield with_many_crashes
    with_many_crashes.close(check=False)


@pytest.fixture(scope="module")
def real():
    server = Server(settings.MODEL, ["--ctx-size", "512", "--parallel", "16", *settings.FIXED_COSTS, *PATIENT])
    yield server
    server.close(check=False)


@pytest.mark.parametrize("fault", faults.FAULTS)
def test_fake(fake, fault):
    check(fake, 60, fault, MOMENTS)


@pytest.mark.parametrize("fault", faults.FAULTS)
def test_real(real, fault):
    check(real, 30, fault, MOMENTS)
