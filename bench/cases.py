# SPDX-License-Identifier: Apache-2.0
"""What is measured: each case says what it needs of a server, how to load it, which figures come out, and which
tuning of llama-server counts as the best for it. Then the load under which two load generators have to agree."""
import asyncio
import json
import os
import statistics
import subprocess
from dataclasses import dataclass
from typing import Callable

import bench_client as client
import servers

FORMS = ("q4_0", "q8_0")
PLAIN = ("one", "eight", "thirtytwo")      # cases of plain throughput
IN_TURN = 4                                # one request would make a poor p99
EQUAL_TTFT = 1.05                          # a tuning is as quick to the first token as Lares up to this


class RequestFailed(RuntimeError):
    """A request was not answered whole: the run has no figures."""


@dataclass(frozen=True)
class Case:
    name: str
    title: str
    slots: int
    context: int                    # tokens per request
    run: Callable                   # async (client arguments, seed) -> {figure: value}
    rank: Callable                  # (figures of a tuning, Lares' figures or None) -> sorts the best tuning first
    headline: tuple                 # figures of the table, in order
    unified: bool = True            # one cache for all slots (-kvu) is worth a try
    batch_follows: bool = False     # -b goes with -ub: a batch of 2,048 stalls everyone whatever -ub is
    reference: bool = False         # `rank` compares with a run of Lares


class _Recorder(client.Client):
    """Keeps every result: the scenarios of bench_client tell sums only."""

    def __init__(self, arguments):
        super().__init__(arguments, client.Prompts(arguments))
        self.results = []

    async def ask(self, *args, **kwargs):
        result = await super().ask(*args, **kwargs)
        self.results.append(result)
        return result


async def _ready_client(arguments):
    """A client after a first short request, which no figure contains."""
    recorder = _Recorder(arguments)
    require_no_errors(client.errors([await recorder.ask("The", 2, stream=False)]))
    recorder.results.clear()
    return recorder


def require_no_errors(errors):
    if errors:
        raise RequestFailed(f"the server failed requests: {errors}")


def _milliseconds(seconds, percent):
    value = client.pct(seconds, percent)
    return None if value is None else round(value * 1e3, 3)


def stream_figures(results, prefix=""):
    """Throughput, time to first token and gaps of results that belong together."""
    span = max(r.end for r in results) - min(r.start for r in results)
    ttft = [r.ttft for r in results]
    gaps = [gap for r in results for gap in r.itl]
    figures = {"tok_s": sum(r.tokens for r in results) / span,
               "ttft_p50": _milliseconds(ttft, 50), "ttft_p99": _milliseconds(ttft, 99),
               "itl_p50": _milliseconds(gaps, 50), "itl_p99": _milliseconds(gaps, 99),
               "itl_max": _milliseconds(gaps, 100)}
    return {prefix + name: value for name, value in figures.items()}


async def _one(arguments, seed):
    c = await _ready_client(arguments)
    prompts = [c.p.make(128, seed) for _ in range(IN_TURN)]
    results = [await c.ask(prompt, 128) for prompt in prompts]
    require_no_errors(client.errors(results))
    return stream_figures(results)


def _at_once(count):
    async def run(arguments, seed):
        c = await _ready_client(arguments)
        prompts = [c.p.make(128, seed) for _ in range(count)]
        results = await asyncio.gather(*(c.ask(prompt, 128) for prompt in prompts))
        require_no_errors(client.errors(results))
        return stream_figures(results)
    return run


async def _agents(arguments, seed):
    c = await _ready_client(arguments)
    res = await client.s3(c, seed)
    require_no_errors({**res["cold"]["errors"], **res["warm"]["errors"]})
    # In the order in which they ended: 8 cold agents, the request that warms, 8 warm agents.
    if len(c.results) != 17:
        raise RequestFailed(f"17 requests were to be made, {len(c.results)} were")
    figures = {}
    for kind, results in (("cold", c.results[:8]), ("warm", c.results[9:])):
        figures[f"{kind}_last_first_token"] = res[kind]["last_first_token_ms"]
        figures[f"{kind}_all_done"] = res[kind]["all_done_ms"]
        figures[f"{kind}_ttft_avg"] = res[kind]["avg_ttft_ms"]
        figures.update(stream_figures(results, f"{kind}_"))
    return figures


async def _newcomer(arguments, seed):
    c = await _ready_client(arguments)
    res = await client.s1(c, seed)
    require_no_errors(res["errors"])
    # No gap fell into the newcomer's prompt when the streams had ended before: then there is no such figure.
    during, steady = res["itl_during"] or {}, res["itl_steady"] or {}
    return {"during_p50": during.get("p50"), "during_p99": during.get("p99"), "during_max": during.get("max"),
            "ttft_newcomer": res["ttft_long_ms"], "steady_p50": steady.get("p50"), "steady_p99": steady.get("p99"),
            "tok_s": res["tok_s"]}


def _most_tokens(figures, _):
    return (-figures["tok_s"],)


def _soonest_started(figures, _):
    return (figures["cold_last_first_token"],)


def _smallest_gaps(figures, reference):
    """Of the tunings as quick to the newcomer as Lares the one with the smallest gaps; else the quickest."""
    gap, ttft = figures["during_p99"], figures["ttft_newcomer"]
    if gap is None:
        return (2, ttft)
    if reference and ttft <= EQUAL_TTFT * reference["ttft_newcomer"]:
        return (0, gap)
    return (1, ttft)


_COMMON = ("start_ms", "idle_mib", "loaded_mib", "peak_mib")
_STREAM = ("tok_s", "ttft_p50", "ttft_p99", "itl_p50", "itl_p99", "itl_max")
_AGENTS = ("last_first_token", "ttft_avg", *_STREAM[1:], "tok_s", "all_done")

ALL = {case.name: case for case in (
    Case("one", f"one stream (128 in, 128 out; {IN_TURN} requests in turn)", 1, 1024, _one, _most_tokens,
         _STREAM + _COMMON, unified=False),
    Case("eight", "8 streams at once (128 in, 128 out)", 8, 1024, _at_once(8), _most_tokens, _STREAM + _COMMON),
    Case("thirtytwo", "32 streams at once (128 in, 128 out)", 32, 512, _at_once(32), _most_tokens,
         _STREAM + _COMMON),
    Case("agents", "8 agents, 1,024 shared tokens and 64 of their own, 32 out", 8, 2048, _agents, _soonest_started,
         tuple(f"{kind}_{figure}" for kind in ("cold", "warm") for figure in _AGENTS) + _COMMON),
    Case("newcomer", "a 2,048-token prompt among 8 decoding streams", 9, 2560, _newcomer, _smallest_gaps,
         ("during_p50", "during_p99", "during_max", "ttft_newcomer", "steady_p50", "steady_p99", "tok_s") + _COMMON,
         batch_follows=True, reference=True),
)}

HIGHER_IS_BETTER = {"tok_s", "cold_tok_s", "warm_tok_s"}


def ranked(case, tried, reference):
    """The tunings that were measured, best first. Each is {"tuning", "figures", ...}."""
    good = [t for t in tried if t["figures"]]
    return sorted(good, key=lambda t: case.rank(t["figures"], reference))


def medians(result):
    """{contender: {figure: median}}; (b) is (a) where no tuning did better than the defaults."""
    found = {name: {figure: median([run.get(figure) for run in runs]) for figure in runs[0]}
             for name, runs in result["runs"].items() if runs}
    if result["tuning"] == [] and "default" in found:
        found["tuned"] = found["default"]
    return found


def median(values):
    values = [v for v in values if v is not None]
    return statistics.median(values) if values else None


# ---------------------------------------------------------------- two load generators
STREAMS, REQUESTS, PROMPT, OUTPUT = 8, 64, 128, 64
CLOSED_LOOP = f"{STREAMS} streams in a closed loop, {REQUESTS} requests of {PROMPT} tokens in and {OUTPUT} out"


async def _closed_loop(arguments, seed, requests):
    c = client.Client(arguments, client.Prompts(arguments))
    prompts, results = [c.p.make(PROMPT, seed) for _ in range(requests)], []

    async def stream():
        connection = client.Conn(c.host, c.port, c.a.key)
        while prompts:
            results.append(await c.ask(prompts.pop(), OUTPUT, conn=connection))
        connection.close()

    await asyncio.gather(*(stream() for _ in range(STREAMS)))
    require_no_errors(client.errors(results))
    return stream_figures(results)


def _by_client(running, seed, requests):
    return asyncio.run(_closed_loop(running.client_arguments(), seed, requests))


def _by_lares(running, seed, requests):
    out = os.path.join(running.home, "bench.json")
    command = [servers.LARES, "bench", "--url", running.url, "--concurrency", str(STREAMS), "--requests", str(requests),
               "--prompt-tokens", str(PROMPT), "--output-tokens", str(OUTPUT), "--seed", str(seed), "--quiet",
               "--words", os.path.join(servers.CACHE, "bench", "words-lares.json"), "--json", out]
    done = subprocess.run(command, env=servers.environment(running.home), stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=600)
    if done.returncode != 0:
        raise RequestFailed(f"lares bench ended with {done.returncode}: {done.stderr[-500:]}")
    with open(out) as file:
        got = json.load(file)
    if got["counts"]["ok"] != requests:
        raise RequestFailed(f"lares bench: {got['counts']}, {got['errors']}")
    return {"tok_s": got["throughput"]["output_tokens_per_second"], "ttft_p50": got["ttft_ms"]["p50"],
            "itl_p50": got["itl_ms"]["p50"]}


# (running server, seed, requests) -> {figure: value}
GENERATORS = {"lares bench": _by_lares, "bench_client": _by_client}
