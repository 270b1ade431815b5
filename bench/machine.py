# SPDX-License-Identifier: Apache-2.0
"""What a benchmark ran on: a table of names means nothing without it."""
import os
import platform
import subprocess
import time

import servers


def _line(path, key):
    for line in open(path):
        if line.startswith(key):
            return line.split(":", 1)[1].strip()
    return "unknown"


def describe():
    version = subprocess.run([servers.LARES, "version"], capture_output=True, text=True).stdout.strip()
    memory = int(_line("/proc/meminfo", "MemTotal").split()[0]) // 1024
    return [f"date: {time.strftime('%Y-%m-%d')}",
            f"CPU: {_line('/proc/cpuinfo', 'model name')}, {len(os.sched_getaffinity(0))} CPUs",
            f"memory: {memory} MiB", f"system: {platform.platform()}", *version.splitlines()]
