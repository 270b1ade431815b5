# SPDX-License-Identifier: Apache-2.0
"""X-Forwarded-For is believed from listed proxies only. Who asked stands in the log."""

import json

import pytest

from harness import wire
from harness.deadline import until
from harness.process import Server

FAKE = "fake:step=0ms,slots=2,context=512"


def peer_of(server, forwarded, request_id):
    headers = {"X-Request-Id": request_id}
    if forwarded:
        headers["X-Forwarded-For"] = forwarded
    wire.request(server, "GET", "/v1/models", headers=headers)

    def line():
        for text in server.log().splitlines():
            if text.startswith("{") and json.loads(text).get("id") == request_id:
                return json.loads(text)
        return None

    return until(line, "the request's line")["peer"]


def test_from_strangers_it_is_ignored():
    with Server(FAKE) as server:
        assert peer_of(server, "6.6.6.6", "a1") == "127.0.0.1"
        assert peer_of(server, None, "a2") == "127.0.0.1"


@pytest.mark.parametrize("trusted", ["127.0.0.1", "127.0.0.0/8"])
def test_from_a_listed_proxy(trusted):
    with Server(FAKE, ["--trusted-proxy", trusted, "--trusted-proxy", "10.0.0.0/8"]) as server:
        assert peer_of(server, "6.6.6.6", "b1") == "6.6.6.6"
        assert peer_of(server, "7.7.7.7, 6.6.6.6", "b2") == "6.6.6.6", "what the client itself wrote is not believed"
        assert peer_of(server, "6.6.6.6, 10.1.2.3", "b3") == "6.6.6.6", "a second listed proxy is passed over"
        assert peer_of(server, None, "b4") == "127.0.0.1"
        assert "\n" not in peer_of(server, "x" * 500, "b5") and len(peer_of(server, "x" * 500, "b6")) < 100


def test_another_proxy_is_listed():
    with Server(FAKE, ["--trusted-proxy", "192.168.0.0/16"]) as server:
        assert peer_of(server, "6.6.6.6", "c1") == "127.0.0.1"
