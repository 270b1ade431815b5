# SPDX-License-Identifier: Apache-2.0
"""Clients that are slow to send or to read cost a bounded amount, and nobody else anything."""

import json
import socket

import pytest

from harness import wire
from harness.deadline import until

SERVER = {
    "model": "fake:step=0ms,slots=8,context=60000",
    "flags": [
        "--stream-buffer",
        "64KiB",
        "--write-timeout",
        "60s",
        "--header-timeout",
        "1s",
        "--body-timeout",
        "1s",
        "--idle-timeout",
        "1s",
    ],
}
# Each step brings some kilobytes: the system's own buffers fill up soon.
WORDY = {
    "messages": [{"role": "user", "content": "go"}],
    "max_tokens": 50_000,
    "stream": True,
    "logprobs": True,
    "top_logprobs": 20,
}


def drip(connection):
    """Reads a byte, if there is one."""
    try:
        connection.socket.settimeout(0)
        connection.socket.recv(1)
    except (BlockingIOError, ConnectionError):
        pass


def test_a_client_that_reads_a_byte_at_a_time(server):
    before = server.metrics().slow_readers()
    with wire.Wire(server, receive_buffer=4096) as slow:
        slow.ask("POST", "/v1/chat/completions", json.dumps(WORDY).encode())

        # Another client is served all the while: its answers are what the slow one is waited for with.
        def cut_off():
            drip(slow)
            answer = wire.post_json(server, "/v1/completions", {"prompt": "a", "max_tokens": 5})
            assert answer.status == 200 and answer.json()["usage"]["completion_tokens"] == 5
            return server.metrics().slow_readers() == before + 1

        until(cut_off, "the slow reader is cut off", 120)
        server.wait_idle()


def test_its_memory_is_bounded(server):
    def resident():
        with open(f"/proc/{server.process.pid}/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))

    start, before = resident(), server.metrics().slow_readers()
    readers = [wire.Wire(server, receive_buffer=4096) for _ in range(6)]
    for reader in readers:
        reader.ask("POST", "/v1/chat/completions", json.dumps(WORDY).encode())

    def all_cut_off():
        assert resident() - start < 96 * 1024, "kB more than before"
        for reader in readers:
            drip(reader)
        return server.metrics().slow_readers() == before + len(readers)

    until(all_cut_off, "the slow readers are cut off", 120)
    for reader in readers:
        reader.close()
    server.wait_idle()


def test_a_header_that_never_ends(server):
    before = server.metrics().value("lares_http_timeouts_total")
    with wire.Wire(server) as slow:
        slow.send(b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n")

        def gone():
            try:
                slow.send(b"x")  # keeps the line busy, ends nothing
            except ConnectionError:
                return True
            return server.metrics().value("lares_http_timeouts_total") > before

        until(gone, "the connection is closed")
        try:
            answer = slow.answer()
            assert answer is None or answer.status == 408
        except ConnectionError:
            pass


def test_a_body_that_never_ends(server):
    with wire.Wire(server) as slow:
        slow.send(
            wire.head(
                "POST",
                "/v1/completions",
                {"Host": "localhost", "Content-Type": "application/json", "Content-Length": "100"},
            )
            + b'{"prompt"'
        )
        assert slow.answer().status == 408


def test_an_idle_connection_is_closed(server):
    with wire.Wire(server) as idle:
        idle.ask("GET", "/livez")
        assert idle.answer().status == 200
        assert idle.closed()


def test_a_client_that_closes_its_half(server):
    """Some clients shut down their sending side after the request. They must not hold anything up."""
    with wire.Wire(server) as half:
        half.ask("POST", "/v1/completions", b'{"prompt": "a", "max_tokens": 3}')
        half.socket.shutdown(socket.SHUT_WR)
        half.closed()
    server.wait_idle()


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_request_in_pieces(server, size):
    body = json.dumps({"prompt": "abc", "max_tokens": 2}).encode()
    data = wire.head("POST", "/v1/completions", {"Host": "localhost", "Content-Length": str(len(body))}) + body
    with wire.Wire(server) as connection:
        connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for start in range(0, len(data), size):
            connection.send(data[start : start + size])
        assert connection.answer().status == 200


def test_pipelined_requests_are_answered_in_order(server):
    with wire.Wire(server) as connection:
        for number in range(5):
            connection.ask("GET", "/livez", headers={"X-Request-Id": f"n{number}"})
        assert [connection.answer().headers["x-request-id"] for _ in range(5)] == [f"n{n}" for n in range(5)]


def test_a_chunked_body(server):
    body = json.dumps({"prompt": "abc", "max_tokens": 2}).encode()
    with wire.Wire(server) as connection:
        connection.send(wire.head("POST", "/v1/completions", {"Host": "localhost", "Transfer-Encoding": "chunked"}))
        for byte in body:
            connection.send(b"1\r\n" + bytes([byte]) + b"\r\n")
        connection.send(b"0\r\n\r\n")
        assert connection.answer().status == 200
