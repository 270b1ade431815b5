# SPDX-License-Identifier: Apache-2.0
"""From a request to the first token of a model that is not loaded, beside a start of llama-server."""
import os
import shutil
import statistics
import subprocess
import tempfile
import time

import servers
from streams import ROUNDS, Started, say, stream


def forget_file(path):
    """Out of the page cache, so that it is read from the disk."""
    with open(path, "rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def first_token(model):
    times = []
    stream(model, "The capital of France is", 1, times.append)
    return times[0]


def cold_of_lares(folder, path, on_disk):
    command = (servers.LARES, "serve", "--models", folder, "--port", str(servers.PORT), "--ctx-size", "1024",
               "--parallel", "4", "--log-level", "error")
    with Started(servers.Server("lares", command, "/livez")):
        time.sleep(1)  # it hashes files that it has not seen
        if on_disk:
            forget_file(path)
        begin = time.monotonic()
        return first_token(os.path.basename(path)[: -len(".gguf")]) - begin


def cold_of_llama(path, on_disk):
    program = os.path.join(servers.peer_prefix(), "bin", "llama-server")
    if on_disk:
        forget_file(path)
    begin = time.monotonic()
    command = (program, "-m", path, "--port", str(servers.PORT), "-c", "4096", "-np", "4")
    with Started(servers.Server("llama-server", command, "/health")):
        return first_token("") - begin


def cold():
    folder = tempfile.mkdtemp(prefix="lares-bench-cold-")
    figures = {}
    try:
        paths = [shutil.copy(servers.model_file(form), folder) for form in ("q8_0", "q4_0")]
        subprocess.run(["sync"], check=True)
        for _ in range(max(5, ROUNDS)):
            for path in paths:
                for on_disk in (False, True):
                    key = os.path.basename(path).split(".")[-2], on_disk
                    ours, theirs = cold_of_lares(folder, path, on_disk), cold_of_llama(path, on_disk)
                    figures.setdefault(key, []).append((ours, theirs))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    rows = []
    for (form, on_disk), pairs in figures.items():
        ours, theirs = (statistics.median(side) * 1000 for side in zip(*pairs))
        where = "on the disk" if on_disk else "in the page cache"
        rows.append(f"| {form}, {where} | {ours:.0f} | {theirs:.0f} | {ours / theirs:.2f} |")
        say(f"cold: {form} {where}: {ours:.0f} against {theirs:.0f} ms")
    return [
        "## A model that is not loaded",
        "",
        "From a request for it to its first token, ms; llama-server from its start to its first token. Medians of "
        f"{max(5, ROUNDS)} turns each, one after the other. Target: at most 1.2 times.",
        "",
        "| form, file | Lares | llama-server | ratio |",
        "|---|---|---|---|",
        *rows,
        "",
    ]
