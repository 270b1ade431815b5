# SPDX-License-Identifier: Apache-2.0
"""Behind nginx from the distribution, with deploy/nginx/lares.conf."""

import grp
import json
import os
import tempfile
from pathlib import Path

import httpx
import openai
import pytest

from harness import identity, nginx, record
from harness.deadline import until
from harness.needs import needs
from harness.process import Server

pytestmark = needs(nginx.BINARY, "nginx is not installed; ./dev install test does that")
FAKE = "fake:step=5ms,slots=8,context=1000000"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("nginx")


@pytest.fixture(scope="module")
def certificate(place):
    return identity.Certificate(place)


@pytest.fixture(scope="module")
def server(place):
    keys = identity.write_keys(place / "keys", ("me", "secret", "all"))
    with Server(
        FAKE, ["--api-key-file", keys, "--trusted-proxy", "127.0.0.1"], headers=identity.bearer("secret")
    ) as running:
        yield running


@pytest.fixture(scope="module")
def proxy(place, server, certificate):
    with nginx.Nginx(place, f"127.0.0.1:{server.port}", certificate) as running:
        yield running


def http(proxy, certificate, local_address=None):
    transport = httpx.HTTPTransport(verify=certificate.context(), local_address=local_address)
    return httpx.Client(
        base_url=proxy.url, transport=record.Transport(transport), timeout=60, headers=identity.bearer("secret")
    )


def sdk(proxy, certificate, key="secret"):
    return openai.OpenAI(
        base_url=proxy.url + "/v1",
        api_key=key,
        max_retries=0,
        http_client=httpx.Client(
            transport=record.Transport(httpx.HTTPTransport(verify=certificate.context())), timeout=60
        ),
    )


def test_whole_answers_and_errors(proxy, certificate):
    with sdk(proxy, certificate) as client:
        assert client.models.list().data[0].id == "fake"
        assert client.completions.create(model="fake", prompt="a", max_tokens=4).usage.completion_tokens == 4
        with pytest.raises(openai.NotFoundError):
            client.models.retrieve("nobody")
    with sdk(proxy, certificate, key="wrong") as client, pytest.raises(openai.AuthenticationError):
        client.models.list()


def test_a_stream_comes_as_it_is_made(server, proxy, certificate):
    """The first event is here while the sequence still runs: it would run for more than an hour."""
    with sdk(proxy, certificate) as client:
        stream = client.chat.completions.create(
            model="fake", messages=[{"role": "user", "content": "a"}], max_tokens=900_000, stream=True
        )
        pieces = iter(stream)
        for _ in range(5):
            next(pieces)
            assert server.metrics().value("lares_sequences", state="running") == 1
        stream.close()
    until(
        lambda: server.metrics().value("lares_sequences", state="running") == 0,
        "the end of the client goes through nginx and frees the sequence",
    )


def test_a_large_body(proxy, certificate):
    with http(proxy, certificate) as client:
        answer = client.post("/v1/completions", json={"prompt": "a", "max_tokens": 2, "padding": "x" * 4_000_000})
        assert answer.status_code == 200
        assert client.post("/v1/completions", content=b" " * (17 << 20)).status_code == 413
    record.take()  # nginx's own page


def peer_in_log(server, request_id):
    def line():
        for text in server.log().splitlines():
            if text.startswith("{") and json.loads(text).get("id") == request_id:
                return json.loads(text)["peer"]
        return None

    return until(line, "the request's line in the log")


def test_who_asked(server, proxy, certificate):
    """The client's own header is not believed: what nginx adds is what counts."""
    with http(proxy, certificate, local_address="127.0.0.2") as client:
        client.get("/v1/models", headers={"X-Request-Id": "n1"})
        client.get("/v1/models", headers={"X-Request-Id": "n2", "X-Forwarded-For": "6.6.6.6"})
    assert peer_in_log(server, "n1") == "127.0.0.2"
    assert peer_in_log(server, "n2") == "127.0.0.2"


def test_metrics_are_not_for_everyone(proxy, certificate):
    with http(proxy, certificate, local_address="127.0.0.2") as client:
        assert client.get("/metrics").status_code == 403
    record.take()  # nginx's own page
    with http(proxy, certificate) as client:
        assert client.get("/metrics").status_code == 200


def test_many_streams(server, proxy, certificate):
    with sdk(proxy, certificate) as client:
        streams = [client.completions.create(model="fake", prompt=str(n), max_tokens=20, stream=True) for n in range(8)]
        for stream in streams:
            assert sum(len(c.choices[0].text) > 0 for c in stream) > 0
    server.wait_idle()


@pytest.fixture
def open_place():
    """A folder that another user may pass through."""
    with tempfile.TemporaryDirectory(prefix="lares-nginx-") as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)


def test_over_a_unix_socket(open_place, certificate):
    """nginx's workers are not Lares' user; they need no more than to be of its group."""
    path = open_place / "lares.sock"
    with Server("fake:step=0ms,slots=2,context=512", ["--listen", f"unix:{path}", "--trusted-proxy", "unix"]) as server:
        group = grp.getgrgid(os.stat(path).st_gid).gr_name
        with nginx.Nginx(open_place, f"unix:{path}", certificate, user=f"www-data {group}") as proxy:
            with http(proxy, certificate, local_address="127.0.0.3") as client:
                assert client.get("/v1/models", headers={"X-Request-Id": "u1"}).status_code == 200
            assert peer_in_log(server, "u1") == "127.0.0.3"


def test_on_another_machine(tmp_path, certificate):
    """Beyond loopback, TLS done by the proxy: Lares starts, and still wants a key."""
    keys = identity.write_keys(tmp_path / "keys", ("me", "secret", "all"))

    class Elsewhere(Server):
        @property
        def url(self):
            return super().url.replace("0.0.0.0", "127.0.0.1")

    flags = ["--host", "0.0.0.0", "--api-key-file", keys, "--tls-terminated-upstream", "--trusted-proxy", "127.0.0.1"]
    with Elsewhere("fake:step=0ms,slots=2,context=512", flags, headers=identity.bearer("secret")) as server:
        with nginx.Nginx(tmp_path, f"127.0.0.1:{server.port}", certificate) as proxy:
            with sdk(proxy, certificate) as client:
                assert client.completions.create(model="fake", prompt="a", max_tokens=2).choices
            with sdk(proxy, certificate, key="wrong") as client, pytest.raises(openai.AuthenticationError):
                client.models.list()
