# SPDX-License-Identifier: Apache-2.0
"""API keys: who may do what, and reading the file again."""

import signal

import openai
import pytest

from harness import identity, settings, wire
from harness.deadline import until
from harness.process import Server, run_lares

FAKE = "fake:step=0ms,slots=2,context=512"
ENTRIES = [
    ("root", "key-root", "all"),
    ("writer", "key-writer", "generate", "research"),
    ("scraper", "key-scraper", "metrics"),
    ("reader", "key-reader", "models"),
    ("indexer", "key-indexer", "embed,tokenize"),
]
OPEN = ["/health", "/livez", "/readyz"]
# What each route needs, by the key that has it and nothing else.
NEEDED = {
    ("POST", "/v1/chat/completions"): "key-writer",
    ("POST", "/v1/completions"): "key-writer",
    ("POST", "/v1/embeddings"): "key-indexer",
    ("POST", "/tokenize"): "key-indexer",
    ("POST", "/detokenize"): "key-indexer",
    ("GET", "/v1/models"): "key-reader",
    ("GET", "/v1/models/fake"): "key-reader",
    ("GET", "/metrics"): "key-scraper",
}
BODY = {
    "/v1/chat/completions": b'{"messages":[{"role":"user","content":"a"}],"max_tokens":1}',
    "/v1/completions": b'{"prompt":"a","max_tokens":1}',
    "/v1/embeddings": b'{"input":"a"}',
    "/tokenize": b'{"content":"a"}',
    "/detokenize": b'{"tokens":[1]}',
}


@pytest.fixture(scope="module")
def key_file(tmp_path_factory):
    return tmp_path_factory.mktemp("keys") / "keys"


@pytest.fixture(scope="module")
def server(key_file):
    identity.write_keys(key_file, *ENTRIES)
    with Server(FAKE, ["--api-key-file", str(key_file)], headers=identity.bearer("key-root")) as running:
        yield running


def status(server, method, path, key=None):
    headers = identity.bearer(key) if key else {}
    return wire.request(server, method, path, BODY.get(path), headers).status


def test_the_sdk_sees_401_and_403(server):
    with pytest.raises(openai.AuthenticationError) as error, server.openai(api_key="wrong") as client:
        client.models.list()
    assert "wrong" not in str(error.value)
    with pytest.raises(openai.PermissionDeniedError) as error, server.openai(api_key="key-scraper") as client:
        client.chat.completions.create(model="fake", messages=[{"role": "user", "content": "a"}])
    assert "generate" in str(error.value)
    with server.openai(api_key="key-writer") as client:
        assert client.completions.create(model="fake", prompt="a", max_tokens=1).choices


@pytest.mark.parametrize("route", NEEDED, ids=lambda r: " ".join(r))
def test_each_route_needs_its_permission(server, route):
    assert status(server, *route) == 401
    assert status(server, *route, "key-nobody") == 401
    for _, key, *_ in ENTRIES:
        allowed = key in ("key-root", NEEDED[route])
        assert (status(server, *route, key) in (200, 400)) == allowed, key
        assert allowed or status(server, *route, key) == 403


@pytest.mark.parametrize("path", OPEN)
def test_what_is_open_to_everyone(server, path):
    answer = wire.request(server, "GET", path)
    assert answer.status == 200
    if path == "/health":
        assert b"free" not in answer.body, "details are for those who may read metrics"
        assert b"free" in wire.request(server, "GET", path, headers=identity.bearer("key-scraper")).body


@pytest.mark.parametrize(
    "value",
    [
        "Bearer",
        "Bearer ",
        "key-root",
        "Basic key-root",
        "Bearer key-roo",
        "Bearer key-root2",
        "Bearer " + "k" * 4000,
        "Bearer key-root key-root",
    ],
)
def test_headers_that_are_no_key(server, value):
    assert wire.request(server, "GET", "/v1/models", headers={"Authorization": value}).status == 401


def test_a_body_is_not_read_from_nobody(server):
    """The refusal comes before the body, so that strangers cannot make the server keep megabytes."""
    with wire.Wire(server) as connection:
        connection.send(
            wire.head(
                "POST",
                "/v1/completions",
                {"Host": "localhost", "Content-Type": "application/json", "Content-Length": "1000000"},
            )
        )
        assert connection.answer().status == 401


def test_reload_on_sighup(server, key_file):
    assert status(server, "GET", "/v1/models", "key-later") == 401
    identity.write_keys(key_file, *ENTRIES, ("later", "key-later", "models"))
    server.signal(signal.SIGHUP)
    until(lambda: status(server, "GET", "/v1/models", "key-later") == 200, "the new key works")
    identity.write_keys(key_file, *ENTRIES)
    server.signal(signal.SIGHUP)
    until(lambda: status(server, "GET", "/v1/models", "key-later") == 401, "the removed key does not")


def test_a_broken_file_changes_nothing(tmp_path):
    keys = identity.write_keys(tmp_path / "keys", *ENTRIES)
    server = Server(FAKE, ["--api-key-file", keys], headers=identity.bearer("key-root"))
    try:
        (tmp_path / "keys").write_text("root 1234 - all\n")
        server.signal(signal.SIGHUP)
        until(server.error_lines, "the log says that the file is wrong")
        assert "line 1" in server.error_lines()[0]
        assert status(server, "GET", "/v1/models", "key-root") == 200
    finally:
        assert server.stop() == 0
        server.close(check=False)


@pytest.mark.parametrize(
    "text, said",
    [
        ("root key-root - all", "line 1"),
        ("a " + "0" * 64 + " - all\nb " + "0" * 64 + " - everything", "line 2"),
        ("# nothing", "no key"),
        ("a " + "0" * 64 + " - all\na " + "1" * 64 + " - all", "twice"),
    ],
    ids=["key", "permission", "empty", "twice"],
)
def test_a_wrong_file_at_start(tmp_path, text, said):
    (tmp_path / "keys").write_text(text)
    result = run_lares(
        "serve", FAKE, "--data", tmp_path / "d", "--port", "0", "--api-key-file", tmp_path / "keys", timeout=30
    )
    assert result.returncode not in (0, -6, -11) and said in result.stderr and "keys" in result.stderr
    assert "key-root" not in result.stderr, "a key that stands in the file by mistake is not shown"


def test_tenants_do_not_share_their_prefixes(tmp_path):
    keys = identity.write_keys(tmp_path / "keys", ("a", "key-a", "all", "one"), ("b", "key-b", "all", "two"))
    with Server(
        settings.MODEL,
        ["--ctx-size", "1024", "--parallel", "2", "--api-key-file", keys],
        headers=identity.bearer("key-a"),
    ) as server:

        def cached(key):
            answer = wire.request(
                server,
                "POST",
                "/v1/completions",
                b'{"prompt": "%s", "max_tokens": 1}' % (b"one two three four " * 60),
                identity.bearer(key),
            )
            return answer.json()["usage"]["prompt_tokens_details"]["cached_tokens"]

        assert cached("key-a") == 0
        assert cached("key-a") > 100
        assert cached("key-b") == 0
        assert cached("key-b") > 100
