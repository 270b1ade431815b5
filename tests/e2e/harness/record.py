# SPDX-License-Identifier: Apache-2.0
"""Keeps every answer that the tests get, for the check against api/openapi.yaml (contract.py)."""

import threading
from dataclasses import dataclass

import httpx


@dataclass
class Exchange:
    method: str
    path: str
    status: int
    content_type: str
    body: bytes
    complete: bool  # False: the test hung up before the end


_lock = threading.Lock()
_exchanges = []


def add(method, url_path, status, content_type, body, complete=True):
    with _lock:
        _exchanges.append(Exchange(method, url_path.split("?")[0], status, content_type or "", body, complete))


def take():
    with _lock:
        taken = list(_exchanges)
        _exchanges.clear()
    return taken


class _Tee(httpx.SyncByteStream):
    def __init__(self, stream, done):
        self._stream, self._done, self._parts, self._complete = stream, done, [], False

    def __iter__(self):
        for part in self._stream:
            self._parts.append(part)
            yield part
        self._complete = True

    def close(self):
        self._stream.close()
        if self._done:
            done, self._done = self._done, None
            done(b"".join(self._parts), self._complete)


class Transport(httpx.BaseTransport):
    """Between the client and the real transport; works for streams, too."""

    def __init__(self, inner):
        self._inner = inner

    def handle_request(self, request):
        response = self._inner.handle_request(request)
        method, path, status = request.method, request.url.path, response.status_code
        kind = response.headers.get("content-type")
        response.stream = _Tee(response.stream, lambda body, whole: add(method, path, status, kind, body, whole))
        return response

    def close(self):
        self._inner.close()
