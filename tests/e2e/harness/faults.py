# SPDX-License-Identifier: Apache-2.0
"""What can happen to a worker: each of FAULTS does it to the worker of a running server."""

import ctypes
import os
import signal
import socket
from pathlib import Path

import httpx
import pytest

from .deadline import until

_libc = ctypes.CDLL(None, use_errno=True)
_PIDFD_GETFD = 438
_CHANNEL = 3  # the worker's end of the socket (src/worker/instance.h)


def children(pid):
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            found += [int(child) for child in (task / "children").read_text().split()]
        except OSError:
            continue
    return found


def is_worker(pid):
    try:
        return b"worker" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[:2]
    except OSError:
        return False


def worker_of(server):
    """The pid of the worker that runs now."""
    return until(lambda: next((c for c in children(server.process.pid) if is_worker(c)), None), "there is a worker")


def kill(server):
    os.kill(worker_of(server), signal.SIGKILL)


def abort(server):
    os.kill(worker_of(server), signal.SIGABRT)


def stop(server):
    os.kill(worker_of(server), signal.SIGSTOP)


def cut(server):
    """Its connection breaks; the process lives on."""
    pidfd = os.pidfd_open(worker_of(server))
    try:
        descriptor = _libc.syscall(_PIDFD_GETFD, pidfd, _CHANNEL, 0)
        assert descriptor >= 0, os.strerror(ctypes.get_errno())
        with socket.socket(fileno=descriptor) as end:
            end.shutdown(socket.SHUT_RDWR)
    finally:
        os.close(pidfd)


def replace(server):
    """Another worker takes over."""
    server.signal(signal.SIGUSR2)


def starve(server):
    """It wants more memory than it may have: its own control group has too little for a text of some megabytes that is
    cut into tokens. Who asked for that gets its answer, too."""
    pid = worker_of(server)
    group = memory_group_of(pid)
    if group is None:
        pytest.skip("no memory control group can be made here")
    limit_file(group).write_text(str(used_in(group) + (4 << 20)))
    # Not by server.post: to hold 800,000 numbers against the contract takes minutes.
    answer = httpx.post(server.url + "/tokenize", json={"content": "word " * 800_000}, timeout=120)
    assert answer.status_code == 200, answer.text
    until(lambda: not os.path.exists(f"/proc/{pid}"), "it ended for want of memory", 30)
    until(lambda: not group.exists(), "its group is gone")


def memory_group_of(pid):
    """The control group that the gateway made for its worker, when it could."""
    for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if not path.endswith(f"/lares-worker-{pid}"):
            continue
        mount = Path("/sys/fs/cgroup") / controllers
        # Within a container, what is above its own group cannot be seen.
        return next((g for g in (mount / path[1:], mount / f"lares-worker-{pid}") if g.exists()), None)
    return None


def used_in(group):
    file = next(f for f in (group / "memory.current", group / "memory.usage_in_bytes") if f.exists())
    return int(file.read_text())


def limit_file(group):
    return next(f for f in (group / "memory.max", group / "memory.limit_in_bytes") if f.exists())


def memory_group(name):
    for root in ("/sys/fs/cgroup/memory", "/sys/fs/cgroup"):
        try:
            group = Path(root) / name
            group.mkdir()
        except OSError:
            continue
        if (group / "memory.max").exists() or (group / "memory.limit_in_bytes").exists():
            return group
        group.rmdir()
    pytest.skip("no memory control group can be made here")


FAULTS = {f.__name__: f for f in (kill, abort, stop, cut, replace, starve)}
