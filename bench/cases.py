# SPDX-License-Identifier: Apache-2.0
"""What is measured: each case says what it needs of a server, how to load it, and which figures come out."""
import asyncio
from dataclasses import dataclass
from typing import Callable

import bench_client as client


@dataclass(frozen=True)
class Case:
    name: str
    title: str
    slots: int
    context: int                    # tokens per request
    run: Callable                   # async (client arguments, seed) -> {figure: value}
    score: Callable                 # {figure: value} -> higher is better; for screening tunings
    headline: tuple                 # figures of the table, in order


def _client(arguments):
    return client.Client(arguments, client.Prompts(arguments))


def _require_no_errors(errors):
    if errors:
        raise RuntimeError(f"the server failed requests: {errors}")


def _streams(count):
    async def run(arguments, seed):
        c = _client(arguments)
        await c.ask("The", 2, stream=False)
        rs = await asyncio.gather(*(c.ask(c.p.make(128, seed), 128) for _ in range(count)))
        _require_no_errors(client.errors(rs))
        span = max(r.end for r in rs) - min(r.start for r in rs)
        ttft = client.dist([r.ttft for r in rs])
        itl = client.dist([g for r in rs for g in r.itl])
        return {"tok_s": sum(r.tokens for r in rs) / span, "ttft_p50": ttft["p50"], "ttft_p99": ttft["p99"],
                "itl_p50": itl["p50"], "itl_p99": itl["p99"], "itl_max": itl["max"]}
    return run


async def _agents(arguments, seed):
    c = _client(arguments)
    await c.ask("The", 2, stream=False)
    res = await client.s3(c, seed)
    _require_no_errors({**res["cold"]["errors"], **res["warm"]["errors"]})
    return {f"{kind}_{figure}": res[kind][source] for kind in ("cold", "warm")
            for figure, source in (("last_first_token", "last_first_token_ms"), ("ttft_avg", "avg_ttft_ms"),
                                   ("all_done", "all_done_ms"))}


async def _newcomer(arguments, seed):
    c = _client(arguments)
    await c.ask("The", 2, stream=False)
    res = await client.s1(c, seed)
    _require_no_errors(res["errors"])
    during, steady = res["itl_during"], res["itl_steady"]
    return {"during_p50": during["p50"], "during_p99": during["p99"], "during_max": during["max"],
            "ttft_newcomer": res["ttft_long_ms"], "steady_p50": steady["p50"], "steady_p99": steady["p99"],
            "tok_s": res["tok_s"]}


def _throughput(figures):
    return figures["tok_s"]


ALL = {case.name: case for case in (
    Case("one", "one stream (128 in, 128 out)", 1, 1024, _streams(1), _throughput,
         ("tok_s", "ttft_p50", "itl_p50", "itl_p99", "itl_max", "start_ms", "idle_mib", "loaded_mib")),
    Case("eight", "8 streams at once (128 in, 128 out)", 8, 1024, _streams(8), _throughput,
         ("tok_s", "ttft_p50", "ttft_p99", "itl_p50", "itl_p99", "itl_max", "start_ms", "idle_mib", "loaded_mib")),
    Case("thirtytwo", "32 streams at once (128 in, 128 out)", 32, 512, _streams(32), _throughput,
         ("tok_s", "ttft_p50", "ttft_p99", "itl_p50", "itl_p99", "itl_max", "start_ms", "idle_mib", "loaded_mib")),
    Case("agents", "8 agents, 1,024 shared tokens and 64 of their own, 32 out", 8, 2048, _agents,
         lambda f: 1 / f["cold_last_first_token"],
         ("cold_last_first_token", "cold_ttft_avg", "cold_all_done", "warm_last_first_token", "warm_ttft_avg",
          "warm_all_done", "start_ms", "idle_mib", "loaded_mib")),
    # The best tuning is the one with the smallest gaps among those that are not much slower to the newcomer.
    Case("newcomer", "a 2,048-token prompt among 8 decoding streams", 9, 2560, _newcomer,
         lambda f: 1 / (f["during_p99"] * max(1.0, f["ttft_newcomer"] / 1000)),
         ("during_p99", "during_max", "during_p50", "ttft_newcomer", "steady_p50", "steady_p99", "tok_s", "start_ms",
          "idle_mib", "loaded_mib")),
)}

HIGHER_IS_BETTER = {"tok_s"}
