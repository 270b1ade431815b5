# SPDX-License-Identifier: Apache-2.0
"""The same answers through an engine of one process and through a worker's (src/worker/border)."""
import json
import math
import os
import statistics
import subprocess

import servers

STARTS, TURNS = 8, 2  # of the program, and in each: a process keeps the luck that it had with its memory


def start():
    program = os.path.join(servers.ROOT, "build/release/bin/worker_border_bench")
    environment = {**os.environ, "LARES_BENCH_MODEL": servers.model_file("q4_0"), "LARES_BENCH_PROGRAM": servers.LARES}
    done = subprocess.run([program, f"--benchmark_repetitions={TURNS}", "--benchmark_format=json"], check=True,
                          capture_output=True, text=True, env=environment)
    return [r for r in json.loads(done.stdout)["benchmarks"] if r["run_type"] == "iteration"]


def of(kind, rows):
    return [r for r in rows if r["name"].startswith(kind)]


def median(rows, key):
    return statistics.median(r[key] for r in rows)


def ratio(starts, key):
    """Of outside to inside: the mean of the starts' logarithms, and its standard error."""
    logs = [statistics.mean(math.log(r[f"outside_{key}"] / r[f"inside_{key}"]) for r in rows) for rows in starts]
    mean, error = statistics.mean(logs), statistics.stdev(logs) / math.sqrt(len(logs))
    return f"{math.exp(mean):.3f} ± {error:.3f}"


def difference(rows, key):
    return statistics.median(r[f"outside_{key}"] - r[f"inside_{key}"] for r in rows)


def border():
    starts = [start() for _ in range(STARTS)]
    turns, both = (of(kind, sum(starts, [])) for kind in ("InTurn", "OnBothSides"))
    return [
        "## What the border costs",
        "",
        f"32 streams (about 12 tokens in, 64 out) on the Q4_0 form; gaps while all of them run. An engine in the asking "
        f"process and one in a worker, both started {STARTS} times: {TURNS} turns each of inside, outside, outside, inside; "
        f"medians, and the mean of the starts' ratios with its standard error. Target: at most 2 % of throughput.",
        "",
        "| | in process | in a worker | ratio |",
        "|---|---|---|---|",
        *(f"| {label} | {median(turns, f'inside_{key}'):.1f} | {median(turns, f'outside_{key}'):.1f} | "
          f"{ratio([of('InTurn', rows) for rows in starts], key)} |"
          for label, key in (("tokens a second", "tokens/s"), ("between two tokens, p50, ms", "itl_p50"),
                             ("between two tokens, p99, ms", "itl_p99"))),
        "",
        "Two runs on one machine differ by more than the target for p99, 0.3 ms. So it is judged on the same tokens, noted "
        "where the engine gives them away and where whoever asked gets them, with all of the border between:",
        "",
        "| ms | where they arise | beyond the border | difference |",
        "|---|---|---|---|",
        *(f"| between two tokens, {q} | {median(both, f'inside_itl_{q}'):.2f} | {median(both, f'outside_itl_{q}'):.2f} | "
          f"{difference(both, f'itl_{q}'):.2f} |" for q in ("p50", "p99")),
        "",
        f"A token comes {median(both, 'delay_p50'):.2f} ms later, p99 {median(both, 'delay_p99'):.2f} ms.",
        "",
    ]
