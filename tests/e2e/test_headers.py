# SPDX-License-Identifier: Apache-2.0
"""Limits on headers; Host, Origin and CORS; methods."""

import pytest

from harness import wire
from harness.deadline import until
from harness.process import Server

FAKE = "fake:step=0ms,slots=2,context=512"
SERVER = {"model": FAKE, "flags": ["--max-header", "8KiB", "--allowed-host", "llm.house"]}


def status(server, headers=None, host="localhost", method="GET", path="/v1/models"):
    answer = wire.request(server, method, path, headers=headers, host=host)
    return answer.status if answer else None


@pytest.mark.parametrize(
    "headers", [{"X-Big": "a" * 9000}, {f"X-{i}": "a" * 50 for i in range(300)}], ids=["long", "many"]
)
def test_headers_beyond_the_limit(server, headers):
    assert status(server, headers) == 431


def test_a_target_beyond_the_limit(server):
    assert status(server, path="/v1/models/" + "a" * 9000) == 431


def test_headers_without_end(server):
    with wire.Wire(server) as connection:
        try:
            connection.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: " + b"a" * 1_000_000)
        except ConnectionError:
            pass
        try:
            answer = connection.answer()
        except ConnectionError:
            answer = None
        assert answer is None or answer.status == 431


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"GET / HTTP/3.0\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n broken: x\r\n\r\n",
        b"POST /tokenize HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"POST /tokenize HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
        b"POST /tokenize HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"\x00\x00\x00\x00\r\n\r\n",
    ],
    ids=["tls", "no-target", "version", "length", "fold", "two-lengths", "length-and-chunked", "chunk", "zeros"],
)
def test_what_is_not_http(server, data):
    with wire.Wire(server) as connection:
        connection.send(data)
        connection.socket.shutdown(1)
        answer = connection.answer()
        assert answer is None or answer.status in (400, 415, 505), answer
        assert connection.closed()


@pytest.mark.parametrize(
    "host, expected",
    [
        ("localhost", 200),
        ("127.0.0.1", 200),
        ("127.0.0.1:8080", 200),
        ("[::1]:8080", 200),
        ("LOCALHOST", 200),
        ("llm.house", 200),
        ("llm.house:1", 200),
        ("evil.example", 403),
        ("localhost.evil.example", 403),
        ("127.0.0.1.evil.example", 403),
        ("", 403),
        ("evil.example@localhost", 403),
    ],
)
def test_host_on_loopback(server, host, expected):
    assert status(server, host=host) == expected


def test_host_must_be_there_once(server):
    assert status(server, host=None) == 400
    with wire.Wire(server) as connection:
        connection.send(b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n")
        assert connection.answer().status == 400


@pytest.mark.parametrize(
    "origin, expected",
    [("http://localhost", 200), ("https://evil.example", 403), ("null", 403), ("http://localhost.evil.example", 403)],
)
def test_origin_on_loopback(server, origin, expected):
    assert status(server, {"Origin": origin}) == expected


def test_a_form_of_another_site_does_nothing(server):
    answer = wire.request(
        server,
        "POST",
        "/v1/completions",
        b'{"prompt": "a", "max_tokens": 1}',
        {"Origin": "https://evil.example", "Content-Type": "text/plain"},
    )
    assert answer.status == 403


def test_cors_is_off(server):
    answer = wire.request(
        server,
        "OPTIONS",
        "/v1/chat/completions",
        headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"},
    )
    assert not [h for h in answer.headers if h.startswith("access-control")]
    answer = wire.request(server, "GET", "/v1/models", headers={"Origin": "http://localhost"})
    assert not [h for h in answer.headers if h.startswith("access-control")]


def test_cors_when_configured():
    with Server(FAKE, ["--cors-origin", "https://app.example"]) as server:
        answer = wire.request(
            server,
            "OPTIONS",
            "/v1/chat/completions",
            headers={
                "Origin": "https://app.example",
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "authorization,content-type,x-stainless-os",
            },
        )
        assert answer.status == 204
        assert answer.headers["access-control-allow-origin"] == "https://app.example"
        assert "POST" in answer.headers["access-control-allow-methods"]
        assert "x-stainless-os" in answer.headers["access-control-allow-headers"]
        answer = wire.request(server, "GET", "/v1/models", headers={"Origin": "https://app.example"})
        assert answer.status == 200 and answer.headers["access-control-allow-origin"] == "https://app.example"
        answer = wire.request(server, "GET", "/v1/models", headers={"Origin": "https://other.example"})
        assert answer.status == 403 and "access-control-allow-origin" not in answer.headers


def test_head_has_no_body(server):
    with wire.Wire(server) as connection:
        connection.ask("HEAD", "/v1/models")
        answer = connection.answer()
        assert answer.status == 200 and int(answer.headers["content-length"]) > 0
        connection.ask("GET", "/livez")
        assert connection.answer().status == 200


def test_keep_alive_and_close(server):
    with wire.Wire(server) as connection:
        for _ in range(3):
            connection.ask("GET", "/v1/models")
            assert connection.answer().status == 200
        connection.ask("GET", "/v1/models", headers={"Connection": "close"})
        assert connection.answer().status == 200
        assert connection.closed()


def test_http_1_0(server):
    with wire.Wire(server) as connection:
        connection.send(b"GET /v1/models HTTP/1.0\r\n\r\n")
        assert connection.answer().status == 200
        assert connection.closed()


def try_to_connect(server):
    """A connection that was served, or None."""
    connection = wire.Wire(server)
    try:
        connection.ask("GET", "/livez")
        answer = connection.answer()
    except ConnectionError:
        answer = None
    if answer is not None and answer.status == 200:
        return connection
    assert answer is None or answer.status == 503
    connection.close()
    return None


def test_a_connection_limit():
    with Server(FAKE, ["--max-connections", "4"]) as server:
        held = []
        while connection := try_to_connect(server):
            held.append(connection)
            assert len(held) <= 4
        for connection in held:
            connection.ask("GET", "/livez")
            assert connection.answer().status == 200
        held.pop().close()
        held.append(until(lambda: try_to_connect(server), "a place is free again"))
        for connection in held:
            connection.close()
