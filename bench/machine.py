# SPDX-License-Identifier: Apache-2.0
"""What a benchmark ran on: a table of names means nothing without it."""
import hashlib
import os
import platform
import subprocess
import time

import servers


def _line(path, key):
    with open(path) as file:
        for line in file:
            if line.startswith(key):
                return line.split(":", 1)[1].strip()
    return "unknown"


def _version():
    """`lares version`, a name and a value per line."""
    out = subprocess.run([servers.LARES, "version"], capture_output=True, text=True, check=True).stdout
    return [": ".join(line.split(None, 1)) for line in out.splitlines() if line.strip()]


def _peer():
    with open(os.path.join(servers.peer_prefix(), "BUILD-INFO")) as file:
        return "llama-server: " + "; ".join(line.strip() for line in file if line.strip())


def describe():
    memory = int(_line("/proc/meminfo", "MemTotal").split()[0]) // 1024
    return [f"date: {time.strftime('%Y-%m-%d')}",
            f"CPU: {_line('/proc/cpuinfo', 'model name')}, {len(os.sched_getaffinity(0))} CPUs",
            f"memory: {memory} MiB",
            f"load average before the first run: {os.getloadavg()[0]:.2f}",
            f"system: {platform.platform()}", *_version(), _peer()]


def builds():
    """What tells the two programs apart from other builds of them."""
    with open(servers.LARES, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"lares": digest, "llama-server": os.path.basename(servers.peer_prefix())}
