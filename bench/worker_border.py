# SPDX-License-Identifier: Apache-2.0
"""The same answers through an engine of one process and through a worker's (src/worker/border)."""
import json
import os
import statistics
import subprocess

import servers


def border():
    program = os.path.join(servers.ROOT, "build/release/bin/worker_border_bench")
    environment = {**os.environ, "LARES_BENCH_MODEL": servers.model_file("q4_0"), "LARES_BENCH_PROGRAM": servers.LARES}
    done = subprocess.run([program, "--benchmark_repetitions=15", "--benchmark_enable_random_interleaving=true",
                           "--benchmark_format=json"], check=True, capture_output=True, text=True, env=environment)
    runs = [r for r in json.loads(done.stdout)["benchmarks"] if r["run_type"] == "iteration"]

    def median(kind, key):
        return statistics.median(r[key] for r in runs if r["name"].startswith(kind))

    rows = []
    for label, key in (("tokens a second", "tokens/s"), ("between two tokens, p50, ms", "itl_p50_ms"),
                       ("between two tokens, p99, ms", "itl_p99_ms")):
        inside, outside = median("InProcess", key), median("InAWorker", key)
        rows.append(f"| {label} | {inside:.1f} | {outside:.1f} | {outside / inside:.3f} |")
    return [
        "## What the border costs",
        "",
        "32 streams (about 12 tokens in, 64 out) on the Q4_0 form, an engine in the asking process and one in a worker, turn "
        "by turn in random order, medians of 15 runs each. Target: at most 2 % of throughput, 0.3 ms of p99.",
        "",
        "| | in process | in a worker | ratio |",
        "|---|---|---|---|",
        *rows,
        "",
    ]
