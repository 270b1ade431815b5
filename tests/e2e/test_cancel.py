# SPDX-License-Identifier: Apache-2.0
"""A client that goes away frees its sequence."""

import pytest

from harness import settings, wire
from harness.deadline import until
from harness.process import Server

SERVER = {"flags": ["--ctx-size", "8192"]}
HELLO = [{"role": "user", "content": "Count from one to one million."}]


def long_stream(client, **more):
    return client.chat.completions.create(
        model=settings.model_name(),
        messages=HELLO,
        stream=True,
        max_tokens=6000,
        extra_body={"ignore_eos": True, **more},
    )


def finished(server, how):
    return server.metrics().value("lares_requests_finished_total", finish=how)


@pytest.mark.parametrize("choices", [1, 4])
def test_in_mid_stream(server, client, choices):
    before = finished(server, "cancelled")
    stream = long_stream(client, n=choices)
    next(iter(stream))
    until(lambda: server.metrics().value("lares_sequences", state="running") >= choices, "the stream runs")
    stream.close()
    server.wait_idle()
    until(lambda: finished(server, "cancelled") == before + 1, "the request counts as cancelled")


def test_its_cells_are_free_again(server, client):
    server.wait_idle()
    used = server.metrics().value("lares_kv_cells", use="used")
    stream = long_stream(client)
    next(iter(stream))
    until(lambda: server.metrics().value("lares_kv_cells", use="used") > used, "cells are in use")
    stream.close()
    until(lambda: server.metrics().value("lares_kv_cells", use="used") == used, "the cells are free")


def test_without_a_stream(server):
    """The connection closes while the answer is still being made."""
    before = finished(server, "cancelled")
    with wire.Wire(server) as connection:
        connection.ask("POST", "/v1/completions", b'{"prompt": "a", "max_tokens": 6000, "ignore_eos": true}')
        until(lambda: server.metrics().value("lares_sequences", state="running") == 1, "the request runs")
    until(lambda: finished(server, "cancelled") == before + 1, "the request is cancelled")
    server.wait_idle()


def test_while_waiting_in_the_queue():
    with Server("fake:step=2ms,slots=1,context=16384") as server, server.openai() as client:
        running = client.completions.create(model="fake", prompt="a", max_tokens=10000, stream=True)
        next(iter(running))
        with wire.Wire(server) as connection:
            connection.ask("POST", "/v1/completions", b'{"prompt": "b", "max_tokens": 10, "stream": true}')
            until(lambda: server.metrics().value("lares_sequences", state="waiting") == 1, "the second one waits")
        until(lambda: server.metrics().value("lares_sequences", state="waiting") == 0, "nobody waits")
        assert server.metrics().value("lares_sequences", state="running") == 1
        running.close()
        server.wait_idle()


def test_others_go_on(server, client):
    alone = client.completions.create(model=settings.model_name(), prompt="The sea is", max_tokens=24, temperature=0)
    streams = [long_stream(client) for _ in range(3)]
    for stream in streams:
        next(iter(stream))
    kept = client.completions.create(
        model=settings.model_name(), prompt="The sea is", max_tokens=24, temperature=0, stream=True
    )
    text = ""
    for number, chunk in enumerate(kept):
        if number < len(streams):
            streams[number].close()
        text += chunk.choices[0].text
    assert len(text) > 0 and text[:10] == alone.choices[0].text[:10]
    server.wait_idle()
