# SPDX-License-Identifier: Apache-2.0
"""16 streams, the worker is killed, and the time until each has its next token."""
import os
import signal
import statistics
import threading
import time

import servers
from streams import ROUNDS, Started, at_once, children, prompt, quantile, say, stream, wait_ready

STREAMS = 16
PROMPT, ANSWER = 256, 120


def figures_of_recovery(running, seed):
    """Next tokens after a kill, the prompts' own time, and the start alone; seconds."""
    name = os.path.basename(running.server.command[2])[: -len(".gguf")]
    first = [None] * STREAMS
    begin = time.monotonic()

    def read_prompt(i):
        times = []
        stream(name, prompt(PROMPT, f"{seed}-read-{i}"), 1, times.append)
        first[i] = times[0] - begin

    at_once([lambda i=i: read_prompt(i) for i in range(STREAMS)])
    prefill = max(first)

    old = children(running.process.pid)[0]
    os.kill(old, signal.SIGKILL)
    start = time.monotonic()
    while children(running.process.pid) in ([], [old]):
        time.sleep(0.001)
    start = wait_ready() - start

    times = [[] for _ in range(STREAMS)]
    killed = []
    lock = threading.Lock()

    def on_token(i, when):
        times[i].append(when)
        with lock:
            if not killed and all(len(t) >= 20 for t in times):
                killed.append(time.monotonic())
                os.kill(children(running.process.pid)[0], signal.SIGKILL)

    at_once([lambda i=i: stream(name, prompt(PROMPT, f"{seed}-go-{i}"), ANSWER, lambda w, i=i: on_token(i, w))
             for i in range(STREAMS)])
    # What was on its way when the worker died may still come within a few milliseconds.
    gaps = []
    for own in times:
        after = [t for t in own if t > killed[0]]
        before = [t for t in own if t <= killed[0]]
        sequence = [before[-1], *after]
        gap, at = max((b - a, b) for a, b in zip(sequence, sequence[1:]))
        gaps.append(at - killed[0] if gap > 0.1 else after[0] - killed[0])
    return {"p50": quantile(gaps, 0.5), "p99": quantile(gaps, 0.99), "prefill": prefill, "start": start}


def recovery():
    rounds = []
    model = servers.model_file("q8_0")
    for seed in range(ROUNDS):
        command = (servers.LARES, "serve", model, "--port", str(servers.PORT), "--parallel", str(STREAMS),
                   "--ctx-size", "1024", "--well-after", "0s", "--crash-budget", "1000", "--log-level", "error")
        with Started(servers.Server("lares", command, "/readyz")) as running:
            rounds.append(figures_of_recovery(running, seed))
        say("recovery: " + ", ".join(f"{k} {v * 1000:.0f} ms" for k, v in rounds[-1].items()))
    median = {key: statistics.median(r[key] for r in rounds) for key in rounds[0]}
    bound = median["start"] + 1.5 * median["prefill"]
    return [
        "## From the kill to the next token",
        "",
        f"16 streams on the Q8_0 form ({PROMPT} tokens in, at least 20 out when the worker is killed with SIGKILL), medians "
        f"of {ROUNDS} rounds.",
        "",
        "| | ms |",
        "|---|---|",
        f"| until the next token, p50 of the streams | {median['p50'] * 1000:.0f} |",
        f"| until the next token, p99 of the streams | {median['p99'] * 1000:.0f} |",
        f"| a worker's start alone | {median['start'] * 1000:.0f} |",
        f"| reading the same prompts, all at once, until the last has its first token | {median['prefill'] * 1000:.0f} |",
        f"| bound: start and 1.5 times the prompts | {bound * 1000:.0f}: "
        f"{'met' if median['p99'] <= bound else 'missed'} |",
        "",
    ]
