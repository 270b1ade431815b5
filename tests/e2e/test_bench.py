# SPDX-License-Identifier: Apache-2.0
"""`lares bench` on the fake model, and against the independent load generator in bench/."""

import asyncio
import http.server
import json
import random
import signal
import socket
import statistics
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest

from harness import settings
from harness.process import Server, clean_environment, run_lares

sys.path.insert(0, str(settings.ROOT / "bench"))
import bench_client  # noqa: E402

SERVER = {"model": "fake:step=1ms,slots=8,context=4096"}
SHORT = ["--prompt-tokens", "32", "--output-tokens", "8"]
INTERRUPTED = 130


def bench(server, *flags, code=0, **options):
    """Runs it; (what it printed, its result as JSON)."""
    result = run_lares(
        "bench", "--url", server.url, "--json", server.folder / "result.json", *flags, timeout=120, **options
    )
    assert result.returncode == code, result.stdout + result.stderr
    return result.stdout, json.loads((server.folder / "result.json").read_text())


def lines(path, entries):
    path.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    return path


@pytest.mark.parametrize("arrivals", ["poisson", "constant"])
def test_an_open_loop(server, arrivals):
    shown, result = bench(server, "--rate", "100", "--arrivals", arrivals, "--requests", "40", *SHORT)
    assert result["counts"] == {"sent": 40, "ok": 40, "refused": 0, "failed": 0, "unfinished": 0}
    assert result["options"]["rate"] == 100 and result["options"]["arrivals"] == arrivals
    assert result["options"]["concurrency"] is None
    assert result["tokens"]["output"] == 40 * 8
    assert result["ttft_ms"]["count"] == 40 and result["itl_ms"]["count"] == 40 * 7
    assert result["lateness_ms"]["count"] == 40
    assert "40 requests sent, 40 answered" in shown and "sent late by" in shown


def test_a_closed_loop_ends_by_time(server):
    _, result = bench(server, "--concurrency", "4", "--duration", "300ms", *SHORT)
    assert result["counts"]["sent"] == result["counts"]["ok"] >= 4


def test_prefixes_are_shared(server):
    flags = ["--concurrency", "1", "--requests", "5", "--output-tokens", "2", "--prompt-tokens", "32"]
    _, alone = bench(server, *flags)
    _, shared = bench(server, *flags, "--shared-prefix", "600", "--prefix-groups", "1")
    assert alone["tokens"]["cached"] < 5 * 100
    assert shared["tokens"]["cached"] >= 4 * 500, "all but the first find the prefix"
    assert shared["tokens"]["prompt"] > alone["tokens"]["prompt"] + 5 * 500


def test_a_replay(server, tmp_path):
    file = lines(
        tmp_path / "replay.jsonl",
        [
            {"at": 0.3, "body": {"prompt": "c", "max_tokens": 3}},
            {"at": 0.0, "body": {"messages": [{"role": "user", "content": "a"}], "max_tokens": 1}},
            {"at": 0.2, "prompt": "b", "max_tokens": 2},
            {"at": 0.4, "prompt_tokens": 16, "output_tokens": 4},
        ],
    )
    _, result = bench(server, "--replay", file)
    assert result["counts"]["ok"] == 4 and result["tokens"]["output"] == 1 + 2 + 3 + 4
    assert result["seconds"] >= 0.4, "sent at their times"
    _, first = bench(server, "--replay", file, "--requests", "2")
    assert first["counts"]["sent"] == 2 and first["tokens"]["output"] == 1 + 2
    _, early = bench(server, "--replay", file, "--duration", "250ms")
    assert early["counts"]["sent"] == 2 and early["tokens"]["output"] == 1 + 2
    _, fast = bench(server, "--replay", file, "--replay-speed", "4", "--duration", "90ms")
    assert fast["counts"]["sent"] == 3


def test_a_replay_without_times_is_a_closed_loop(server, tmp_path):
    file = lines(tmp_path / "replay.jsonl", [{"prompt": f"{n}", "max_tokens": 2} for n in range(10)])
    _, result = bench(server, "--replay", file, "--concurrency", "3")
    assert result["counts"]["ok"] == 10 and result["tokens"]["output"] == 20


def test_goodput(server):
    flags = ["--requests", "6", *SHORT]
    shown, result = bench(server, *flags, "--slo-ttft", "1min", "--slo-itl", "1min")
    assert "met" in shown and result["goodput"]["good"] == 6 and result["goodput"]["met"]
    with Server("fake:step=20ms,slots=8,context=1024") as slow:
        shown, result = bench(slow, *flags, "--slo-ttft", "1ms", code=1)
        assert "MISSED" in shown and result["goodput"]["good"] == 0 and not result["goodput"]["met"]
        bench(slow, *flags, "--slo-ttft", "1ms", "--slo-share", "0")


def test_refusals_are_apart_and_improve_nothing():
    with Server("fake:step=5ms,slots=1,context=1024", ["--queue", "1"]) as server:
        shown, result = bench(server, "--concurrency", "8", "--requests", "16", *SHORT)
    counts = result["counts"]
    assert counts["refused"] >= 6 and counts["ok"] >= 2 and counts["ok"] + counts["refused"] == 16, counts
    assert result["ttft_ms"]["missing"] == counts["refused"] and result["ttft_ms"]["p99"] is None
    assert result["answered_only"]["ttft_ms"]["p99"] > 0
    assert "refused" in shown and "answered only" in shown and "failed" in shown


def test_nothing_answered_is_a_failure():
    with Server("fake:step=1ms,slots=1,context=64") as server:
        _, result = bench(server, "--requests", "2", "--prompt-tokens", "500", "--output-tokens", "8", code=1)
    assert result["counts"]["failed"] == 2 and "context" in json.dumps(result["errors"])


def test_compare(server, tmp_path):
    _, before = bench(server, "--requests", "6", *SHORT)
    (tmp_path / "before.json").write_text(json.dumps(before))
    shown, _ = bench(server, "--requests", "6", *SHORT, "--compare", tmp_path / "before.json")
    assert "TTFT p50, ms" in shown and "tokens/s out" in shown and "differ" not in shown
    shown, _ = bench(server, "--requests", "7", *SHORT, "--compare", tmp_path / "before.json")
    assert "differ in what was asked: requests" in shown
    (tmp_path / "wrong.json").write_text("{}")
    bench(server, "--requests", "6", *SHORT, "--compare", tmp_path / "wrong.json", code=2)


def interrupt(url, when):
    """Starts a bench on `url`, sends SIGINT when `when()` returns; the exit code and what it said."""
    process = subprocess.Popen(
        [settings.BINARY, "bench", "--url", url, "--requests", "5"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=clean_environment(HOME="/nonexistent"),
    )
    try:
        when()
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=30)
        return process.returncode, said[0] + said[1]
    finally:
        process.kill()
        process.wait()


def test_ctrl_c_while_nobody_answers():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        accepted = []

        def asked():
            connection, _ = listener.accept()
            accepted.append(connection)
            assert connection.recv(1000).startswith(b"GET /v1/models")

        code, said = interrupt(f"http://127.0.0.1:{listener.getsockname()[1]}", asked)
    assert code == INTERRUPTED, said


def test_ctrl_c_while_words_are_counted():
    counting, over = threading.Event(), threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = b'{"object":"list","data":[{"id":"m","object":"model"}]}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self):
            counting.set()
            over.wait(60)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as stub:
        thread = threading.Thread(target=stub.serve_forever)
        thread.start()
        try:
            code, said = interrupt(f"http://127.0.0.1:{stub.server_port}", lambda: counting.wait(60))
        finally:
            over.set()
            stub.shutdown()
            thread.join()
    assert code == INTERRUPTED, said


# --- the same load from two load generators ---

STREAMS, REQUESTS, ROUNDS = 8, 32, 3
STEP = "20ms"  # of the model: what a busy machine adds to it is small beside it


def work(number):
    """Requests of always the same lengths, no two with a common beginning."""
    lengths = random.Random(settings.SEED)
    made = []
    for n in range(REQUESTS):
        prompt = f"{number:03d}{n:03d} " + "x" * lengths.randrange(20, 60)
        made.append({"prompt": prompt, "max_tokens": lengths.randrange(12, 36)})
    return made


def by_lares(server, number, folder):
    file = lines(folder / f"{number}.jsonl", work(number))
    _, result = bench(server, "--replay", file, "--concurrency", STREAMS)
    assert result["counts"]["ok"] == REQUESTS, result
    return {
        "tokens/s": result["throughput"]["output_tokens_per_second"],
        "TTFT p50": result["ttft_ms"]["p50"],
        "ITL p50": result["itl_ms"]["p50"],
    }


def by_bench_client(server, number):
    arguments = SimpleNamespace(
        url=server.url, model="fake", api="completions", key="none", extra={"ignore_eos": True}, timeout=60
    )
    client, requests, results = bench_client.Client(arguments, None), iter(work(number)), []

    async def stream():
        connection = bench_client.Conn(client.host, client.port)
        for request in requests:
            results.append(await client.ask(request["prompt"], request["max_tokens"], conn=connection))
        connection.close()

    async def all_streams():
        await asyncio.gather(*(stream() for _ in range(STREAMS)))

    asyncio.run(all_streams())
    assert len(results) == REQUESTS and not bench_client.errors(results), bench_client.errors(results)
    span = max(r.end for r in results) - min(r.start for r in results)
    return {
        "tokens/s": sum(r.tokens for r in results) / span,
        "TTFT p50": bench_client.pct([r.ttft for r in results], 50) * 1e3,
        "ITL p50": bench_client.pct([gap for r in results for gap in r.itl], 50) * 1e3,
    }


def test_bench_agrees(tmp_path):
    """Closed loop, 8 streams, the same requests: both see the same server."""
    costs = ["--fixed-step-costs", f"decode={STEP}:1us,prefill={STEP}:1us"]
    with Server(f"fake:step={STEP},slots={STREAMS},context=1024", costs) as server:
        ours, theirs = [], []
        for turn in range(ROUNDS):
            ours.append(by_lares(server, 2 * turn, tmp_path))
            theirs.append(by_bench_client(server, 2 * turn + 1))
    for figure in ours[0]:
        one = statistics.median(run[figure] for run in ours)
        other = statistics.median(run[figure] for run in theirs)
        assert one == pytest.approx(other, rel=0.05), f"{figure}: lares {ours}, bench_client {theirs}"
