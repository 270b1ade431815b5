# SPDX-License-Identifier: Apache-2.0
"""A model without a chat template, one with another, and untrusted ones. Names a model answers to."""

from contextlib import contextmanager

import httpx
import pytest

from harness import gguf, settings, wire
from harness.deadline import until
from harness.process import Server, run_lares

SMALL = ["--ctx-size", "512", "--parallel", "2", *settings.FIXED_COSTS]
CHAT = {"messages": [{"role": "user", "content": "The capital of France is"}], "max_tokens": 8, "temperature": 0}


@pytest.fixture(scope="module")
def bare_model(tmp_path_factory):
    return gguf.without_chat_template(settings.MODEL, tmp_path_factory.mktemp("bare") / "bare.gguf")


def test_without_a_template_chat_is_a_400(bare_model):
    with Server(bare_model, SMALL) as server:
        answer = wire.post_json(server, "/v1/chat/completions", CHAT)
        assert answer.status == 400 and "template" in answer.error()["message"]
        assert "--chat-template" in answer.error()["message"]
        answer = wire.post_json(server, "/v1/completions", {"prompt": "The capital of France is", "max_tokens": 8})
        assert answer.status == 200


def test_a_template_from_a_file(bare_model, tmp_path):
    template = tmp_path / "plain.jinja"
    template.write_text("{% for m in messages %}{{ m.content }}{% endfor %}")
    with Server(bare_model, [*SMALL, "--chat-template", str(template)]) as server:
        chat = wire.post_json(server, "/v1/chat/completions", CHAT).json()
        plain = wire.post_json(
            server, "/v1/completions", {"prompt": "The capital of France is", "max_tokens": 8, "temperature": 0}
        ).json()
        assert chat["choices"][0]["message"]["content"] == plain["choices"][0]["text"]
        assert chat["usage"]["prompt_tokens"] == plain["usage"]["prompt_tokens"]


def test_a_template_sees_its_arguments(tmp_path):
    template = tmp_path / "args.jinja"
    template.write_text("{% if shout %}THE CAPITAL OF FRANCE IS{% else %}{{ messages[0].content }}{% endif %}")
    with Server(settings.MODEL, [*SMALL, "--chat-template", str(template)]) as server:
        quiet = wire.post_json(server, "/v1/chat/completions", CHAT).json()
        loud = wire.post_json(server, "/v1/chat/completions", {**CHAT, "chat_template_kwargs": {"shout": True}}).json()
        assert quiet["usage"]["prompt_tokens"] != loud["usage"]["prompt_tokens"]


@contextmanager
def started_with(template_text, folder):
    """A server that is ready, or one that has ended because it did not like the template."""
    template = folder / "template.jinja"
    template.write_text(template_text)
    server = Server(settings.MODEL, [*SMALL, "--chat-template", str(template)], wait=False)

    def ready_or_over():
        try:
            return (
                server.process.poll() is not None
                or server.published()
                and server.wait_listening().get("/readyz").status_code == 200
            )
        except (httpx.TransportError, AssertionError):
            return False  # it ended while it was asked

    try:
        until(ready_or_over, "the server is ready or over")
        yield server
    finally:
        server.close(check=False)


def check_refused_at_start(server):
    assert server.process.returncode > 0 and "template" in server.log()


@pytest.mark.parametrize("text", ["{% for %}", "{{ undefined_thing() }}", "{% if x %}"], ids=["syntax", "call", "open"])
def test_a_broken_template(tmp_path, text):
    """Refused at the start, or with the request; in words."""
    with started_with(text, tmp_path) as server:
        if server.process.poll() is not None:
            return check_refused_at_start(server)
        answer = wire.post_json(server, "/v1/chat/completions", CHAT)
        assert answer.status == 400 and "template" in answer.error()["message"]


@pytest.mark.parametrize(
    "text",
    [
        "{% for a in range(100000) %}{% for b in range(100000) %}x{% endfor %}{% endfor %}",
        "{{ 'x' * 2000000000 }}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
    ],
    ids=["loop", "large", "recursion"],
)
def test_a_template_without_end_is_bounded(tmp_path, text):
    """Harmless at the start, endless for one request, which says so with its arguments."""
    head, macro, rest = text.rpartition("{% endmacro %}")
    evil = head + macro + "{% if evil %}" + rest + "{% endif %}{{ messages[0].content }}"
    with started_with(evil, tmp_path) as server:
        assert wire.post_json(server, "/v1/chat/completions", CHAT).status == 200
        answer = wire.post_json(server, "/v1/chat/completions", {**CHAT, "chat_template_kwargs": {"evil": True}})
        assert answer.status in (400, 504), answer
        assert "template" in answer.error()["message"]
        # And it still serves everybody else.
        assert wire.post_json(server, "/v1/chat/completions", CHAT).status == 200


def test_a_template_that_is_not_there(tmp_path):
    result = run_lares(
        "serve", settings.MODEL, "--data", tmp_path / "d", "--port", "0", "--chat-template", "/nowhere.jinja"
    )
    assert result.returncode > 0 and "/nowhere.jinja" in result.stderr


def test_a_name_that_catches_all():
    with Server("fake:step=0ms,slots=2,context=512", ["--served-name", "a,*", "--served-name", "b"]) as server:
        for name in ("fake", "a", "b", "gpt-4", "whatever/model:1"):
            answer = wire.post_json(server, "/v1/completions", {"model": name, "prompt": "x", "max_tokens": 1})
            assert answer.status == 200, name
        assert server.get("/v1/models/gpt-4").status_code == 200
