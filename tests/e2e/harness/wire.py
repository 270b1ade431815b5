# SPDX-License-Identifier: Apache-2.0
"""HTTP by hand, for what no proper client would send."""

import json
import re
from dataclasses import dataclass, field

from . import record


@dataclass
class Answer:
    status: int
    headers: dict = field(default_factory=dict)
    body: bytes = b""

    def json(self):
        return json.loads(self.body)

    def error(self):
        return self.json()["error"]


def head(method, path, headers):
    lines = [f"{method} {path} HTTP/1.1"] + [f"{k}: {v}" for k, v in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


_REQUEST_LINE = re.compile(rb"([A-Z]+) (\S+) HTTP/1\.[01]\r\n")


class Wire:
    """One connection. `send` writes bytes as they are; `answer` reads one whole answer."""

    def __init__(self, server, wrap=None, **options):
        self._socket = server.connect(**options)
        if wrap:
            self._socket = wrap(self._socket)
        self._file = self._socket.makefile("rb")
        self._asked = None  # (method, path), as far as it can be told from what was sent

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._file.close()
        self._socket.close()

    @property
    def socket(self):
        return self._socket

    def send(self, data):
        if line := _REQUEST_LINE.match(data):
            self._asked = tuple(word.decode("latin-1") for word in line.groups())
        self._socket.sendall(data)

    def ask(self, method, path, body=None, headers=None, host="localhost"):
        headers = dict(headers or {})
        if host is not None:
            headers.setdefault("Host", host)
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
            headers.setdefault("Content-Length", str(len(body)))
        self.send(head(method, path, headers) + (body or b""))

    def start(self):
        """Reads the status line and headers."""
        line = self._file.readline().decode("latin-1")
        if not line:
            return None
        answer = Answer(int(line.split(" ", 2)[1]))
        while line := self._file.readline().decode("latin-1").rstrip("\r\n"):
            name, _, value = line.partition(":")
            answer.headers[name.lower()] = value.strip()
        return answer

    def chunks(self):
        """The pieces of a chunked body, as they were sent."""
        while (size := int(self._file.readline().split(b";")[0], 16)) > 0:
            piece = self._file.read(size)
            self._file.readline()
            yield piece
        while self._file.readline().strip():
            pass

    def answer(self):
        """None when the server closed the connection without one."""
        answer = self.start()
        if answer is None:
            return None
        if answer.status < 200:
            return answer
        if answer.headers.get("transfer-encoding") == "chunked":
            answer.body = b"".join(self.chunks())
        elif "content-length" in answer.headers and not self._asked_head():
            answer.body = self._file.read(int(answer.headers["content-length"]))
        if self._asked and not self._asked_head():
            record.add(*self._asked, answer.status, answer.headers.get("content-type"), answer.body)
        return answer

    def _asked_head(self):
        return self._asked is not None and self._asked[0] == "HEAD"

    def closed(self):
        """Whether the server has ended the connection: reads to its end."""
        try:
            return self._file.read() == b""
        except ConnectionError:
            return True


def request(server, method, path, body=None, headers=None, host="localhost", **options):
    with Wire(server, **options) as wire:
        wire.ask(method, path, body, headers, host)
        return wire.answer()


def post_json(server, path, value, headers=None):
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return request(server, "POST", path, body, headers)


def sse_events(body):
    """The `data:` payloads of an event stream."""
    return [line[len(b"data: ") :] for line in body.split(b"\n") if line.startswith(b"data: ")]
