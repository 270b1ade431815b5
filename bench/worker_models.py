# SPDX-License-Identifier: Apache-2.0
"""Eight forms of the default model of which three fit, requests by Zipf's law, one server after the other."""
import http.client
import os
import random
import re
import shutil
import statistics
import subprocess
import tempfile
import threading
import time

import servers
from streams import ROUNDS, Started, at_once, prompt, quantile, say, stream

FORMS = ("q8_0", "q6_k", "q5_k_m", "q5_k_s", "q4_k_m", "q4_k_s", "q4_1", "q4_0")
MOST_SECONDS = 120


def forms(folder):
    for form in FORMS:
        path = os.path.join(folder, form + ".gguf")
        original = os.path.join(servers.DATA, "models", "SmolLM2-135M-Instruct.Q4_1.gguf")
        if form == "q4_1":
            shutil.copyfile(original, path)
        else:
            subprocess.run([servers.LARES, "models", "convert", original, path, "--type", form], check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def zipf(count, seed):
    chance = random.Random(seed)
    weights = [1 / (rank + 1) for rank in range(len(FORMS))]
    return chance.choices(range(len(FORMS)), weights, k=count)


def loads_of_lares(running):
    connection = http.client.HTTPConnection("127.0.0.1", servers.PORT, timeout=10)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    return sum(float(n) for n in re.findall(r"^lares_model_loads_total\{.*\} (\S+)$", text, re.M))


def loads_of_llama(running):
    with open(running.log.name, errors="replace") as log:
        return log.read().count("spawning server instance with name=")


def figures_of_models(running, loads_of, seed):
    """Four clients, one request after the other each, 30 each; what takes longer than a minute has failed."""
    first, failed, lock = [], [], threading.Lock()
    begin = time.monotonic()

    def client(number):
        for turn, form in enumerate(zipf(30, f"{seed}-{number}")):
            if time.monotonic() - begin > MOST_SECONDS:
                return
            asked, times = time.monotonic(), []
            try:
                stream(FORMS[form], prompt(64, f"{seed}-{number}-{turn}"), 16, times.append, patience=60)
            except (RuntimeError, OSError, http.client.HTTPException) as error:
                failed.append(f"{type(error).__name__} {error}")
                continue
            with lock:
                first.append(times[0] - asked)

    at_once([lambda n=n: client(n) for n in range(4)])
    if failed:
        say(f"failed: {failed[0][:200]}")
    minutes = (time.monotonic() - begin) / 60
    loads = loads_of(running)
    return {"p50": quantile(first, 0.5), "p99": quantile(first, 0.99), "failed": len(failed), "answered": len(first),
            "per_minute": len(first) / minutes, "loads_per_minute": loads / minutes,
            "loads_per_hundred": 100 * loads / max(1, len(first))}


def models():
    folder = tempfile.mkdtemp(prefix="lares-bench-models-")
    try:
        say("converting eight forms")
        forms(folder)
        program = os.path.join(servers.peer_prefix(), "bin", "llama-server")
        # Three of the largest fit.
        lares = servers.Server("lares", (
            servers.LARES, "serve", "--models", folder, "--port", str(servers.PORT), "--ctx-size", "1024", "--parallel",
            "4", "--host-cache", "0", "--models-memory", "900MiB", "--log-level", "error"), "/readyz")
        peer = servers.Server("llama-server", (
            program, "--models-dir", folder, "--models-max", "3", "--port", str(servers.PORT), "-c", "4096", "-np", "4"),
            "/health")
        rounds = {"lares": [], "llama-server": []}
        for seed in range(ROUNDS):
            for server, loads_of in ((lares, loads_of_lares), (peer, loads_of_llama)):
                with Started(server) as running:
                    rounds[server.name].append(figures_of_models(running, loads_of, seed))
                last = rounds[server.name][-1]
                say(f"models: {server.name}: " + ", ".join(f"{k} {v:.2f}" for k, v in last.items()))
    finally:
        shutil.rmtree(folder, ignore_errors=True)

    def median(name, key):
        return statistics.median(r[key] for r in rounds[name])

    rows = []
    for label, key, scale in (("to the first token, p50, ms", "p50", 1000), ("to the first token, p99, ms", "p99", 1000),
                              ("answers a minute", "per_minute", 1), ("models loaded a minute", "loads_per_minute", 1),
                              ("models loaded for 100 answers", "loads_per_hundred", 1), ("answered", "answered", 1), ("failed", "failed", 1)):
        ours, theirs = median("lares", key), median("llama-server", key)
        rows.append(f"| {label} | {ours * scale:.0f} | {theirs * scale:.0f} |")
    return [
        "## Eight models of which three fit",
        "",
        f"The default model in {len(FORMS)} forms ({', '.join(FORMS)}), chosen by Zipf's law; 4 clients with 30 requests each "
        f"(64 tokens in, 16 out); llama-server's router with `--models-max 3` (least recently used), Lares with "
        f"`--models-memory` for three of the largest. Medians of {ROUNDS} rounds.",
        "",
        "| | Lares | llama-server |",
        "|---|---|---|",
        *rows,
        "",
    ]
