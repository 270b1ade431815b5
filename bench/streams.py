# SPDX-License-Identifier: Apache-2.0
"""What the parts of bench/workers share: a server that is started, streams of it, figures of them."""
import contextlib
import http.client
import json
import os
import random
import sys
import threading
import time

import servers

WORDS = "river stone cloud maple engine window garden letter silver winter harbor candle forest bridge".split()
ROUNDS = int(os.environ.get("LARES_BENCH_ROUNDS", "3"))


class Started(servers.Running):
    """Ready; nobody has asked anything yet."""

    def _first_answer(self, started):
        pass


def say(text):
    print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)


def quantile(values, q):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(q * (len(ordered) - 1)))]


def prompt(tokens, seed):
    chance = random.Random(seed)
    return f"{seed} " + " ".join(chance.choice(WORDS) for _ in range(tokens - 4))


def stream(model, text, tokens, on_token, patience=300):
    """Asks and calls on_token(time) for each piece of text."""
    connection = http.client.HTTPConnection("127.0.0.1", servers.PORT, timeout=patience)
    body = {"model": model, "prompt": text, "max_tokens": tokens, "temperature": 0, "stream": True,
            "ignore_eos": True}
    connection.request("POST", "/v1/completions", json.dumps(body), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    if answer.status != 200:
        raise RuntimeError(f"HTTP {answer.status}: {answer.read()[:200]}")
    whole = False
    for line in answer:
        if line.startswith(b"data: [DONE]"):
            whole = True
        elif line.startswith(b"data: "):
            piece = json.loads(line[6:])
            if "error" in piece:
                raise RuntimeError(str(piece["error"]))
            if piece["choices"] and piece["choices"][0].get("text"):
                on_token(time.monotonic())
    connection.close()
    if not whole:
        raise RuntimeError("a stream broke off")


def at_once(jobs):
    """Runs the functions in threads; the first failure is raised."""
    failures = []

    def guarded(job):
        try:
            job()
        except Exception as error:  # noqa: BLE001: told to whoever waits
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def children(pid):
    found = []
    for task in os.listdir(f"/proc/{pid}/task"):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/task/{task}/children") as file:
            found += [int(word) for word in file.read().split()]
    return found


def wait_ready():
    while True:
        with contextlib.suppress(OSError):
            connection = http.client.HTTPConnection("127.0.0.1", servers.PORT, timeout=5)
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return time.monotonic()
        time.sleep(0.002)
