# SPDX-License-Identifier: Apache-2.0
"""Models that were made for embeddings and for ranking: alone, and beside one that chats."""

import json
import os
import re
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import openai
import pytest

from harness import faults, settings
from harness.deadline import until
from harness.process import Server, run_lares

EMBEDDER = settings.EMBEDDING / "all-MiniLM-L6-v2.F16.gguf"
RANKER = settings.EMBEDDING / "ranker.F16.gguf"
REFERENCE = json.loads((settings.EMBEDDING / "reference.json").read_text())
TEXTS, QUERY = REFERENCE["texts"], REFERENCE["query"]


@pytest.fixture(scope="module")
def server():
    with Server(EMBEDDER) as running:
        yield running


@pytest.fixture(scope="module")
def ranker():
    with Server(RANKER) as running:
        yield running


def embed(server, texts):
    with server.openai() as client:
        answer = client.embeddings.create(model=server.name, input=texts)
    assert [d.index for d in answer.data] == list(range(len(answer.data)))
    return [d.embedding for d in answer.data]


def rerank(server, documents, **more):
    body = {"model": server.name, "query": QUERY, "documents": documents, **more}
    return server.post("/v1/rerank", body)


def scores(answer):
    assert answer.status_code == 200, answer.text
    return {r["index"]: r["relevance_score"] for r in answer.json()["results"]}


def far(a, b):
    return max(abs(x - y) for x, y in zip(a, b, strict=True))


def cosine(a, b):
    return sum(x * y for x, y in zip(a, b, strict=True))


def test_vectors_are_those_of_the_reference_library(server):
    for got, wanted in zip(embed(server, TEXTS), REFERENCE["vectors"], strict=True):
        assert far(got, wanted) < 1e-3
    alone = embed(server, TEXTS[0])[0]
    assert far(alone, REFERENCE["vectors"][0]) < 1e-3


def test_many_short_texts_in_one_request(server):
    texts = [f"How do I reset the password of account {i}?" for i in range(256)]
    together = embed(server, texts)
    for i in (0, 100, 255):
        assert far(together[i], embed(server, texts[i])[0]) < 1e-3
    assert len({tuple(vector) for vector in together}) == 256


def test_many_short_requests_at_once(server):
    texts = [f"Where is parcel number {i}?" for i in range(64)]
    wanted = embed(server, texts)
    with ThreadPoolExecutor(32) as pool:
        for got, same in zip(pool.map(lambda text: embed(server, text)[0], texts), wanted, strict=True):
            assert far(got, same) < 1e-3


def test_a_text_that_is_too_long_is_refused_with_numbers(server):
    with pytest.raises(openai.BadRequestError) as refused:
        embed(server, ["short", "word " * 600])
    assert refused.value.code == "context_length_exceeded"
    assert refused.value.param == "input[1]"
    assert "602 tokens" in str(refused.value) and "512" in str(refused.value)
    assert rerank(server, ["short", "word " * 600]).json()["error"]["param"] == "documents[1]"


def test_it_generates_nothing_and_says_so(server):
    with server.openai() as client, pytest.raises(openai.BadRequestError) as refused:
        client.chat.completions.create(model=server.name, messages=[{"role": "user", "content": "hi"}])
    assert refused.value.code == "model_cannot_generate"
    assert refused.value.param == "model"
    (card,) = server.get("/v1/models").json()["data"]
    assert card["capabilities"] == ["embedding", "rerank"]
    assert card["context_length"] == 512
    health = server.get("/health").json()
    assert health["status"] == "UP"
    assert health["model"]["slots"] == 0


def test_a_model_that_embeds_ranks_by_likeness(server):
    got = scores(rerank(server, TEXTS))
    query = embed(server, QUERY)[0]
    for i, vector in enumerate(embed(server, TEXTS)):
        assert got[i] == pytest.approx(cosine(query, vector), abs=1e-3)
    assert rerank(server, TEXTS, top_n=1).json()["results"][0]["index"] == 0


def test_a_model_that_ranks_gives_the_scores_of_the_reference_library(ranker):
    answer = rerank(ranker, TEXTS, return_documents=True)
    for index, score in scores(answer).items():
        assert score == pytest.approx(REFERENCE["scores"][index], abs=2e-3)
    results = answer.json()["results"]
    assert [r["relevance_score"] for r in results] == sorted((r["relevance_score"] for r in results), reverse=True)
    assert all(r["document"]["text"] == TEXTS[r["index"]] for r in results)
    objects = rerank(ranker, [{"text": text} for text in TEXTS], top_n=2)
    assert [r["index"] for r in objects.json()["results"]] == [r["index"] for r in results[:2]]


def test_a_file_may_say_how_a_pair_is_written():
    with Server(settings.EMBEDDING / "ranker-template.F16.gguf") as running:
        for index, score in scores(rerank(running, TEXTS)).items():
            assert score == pytest.approx(REFERENCE["scores"][index], abs=2e-3)


def test_a_model_that_sorts_into_classes_is_refused():
    started = run_lares("serve", settings.EMBEDDING / "classifier.F16.gguf", "--port", "0")
    assert started.returncode == 1
    assert "sorts texts into classes" in started.stderr


def test_a_model_that_ranks_does_nothing_else(ranker):
    with pytest.raises(openai.BadRequestError) as refused:
        embed(ranker, "text")
    assert refused.value.code == "model_cannot_embed"
    assert ranker.get("/v1/models").json()["data"][0]["capabilities"] == ["rerank"]


def test_a_worker_that_dies_in_the_middle_is_asked_again():
    texts = [f"{TEXTS[6]} {i}" for i in range(30)]
    server = Server(EMBEDDER)
    try:
        wanted = embed(server, texts)
        with ThreadPoolExecutor(1) as pool:
            pid = faults.worker_of(server)
            running = pool.submit(embed, server, texts)
            until(lambda: server.metrics().value("lares_requests_in_flight") >= 1, "it is under way")
            os.kill(pid, signal.SIGKILL)
            for got, same in zip(running.result(), wanted, strict=True):
                assert far(got, same) < 1e-3
    finally:
        server.close(check=False)  # it logs that it lost its worker


def test_a_quantised_form_is_nearly_the_same(tmp_path):
    small = tmp_path / "small.gguf"
    made = run_lares("models", "convert", EMBEDDER, small, "--type", "q8_0")
    assert made.returncode == 0, made.stderr
    with Server(small) as running:
        for got, wanted in zip(embed(running, TEXTS), REFERENCE["vectors"], strict=True):
            assert cosine(got, wanted) > 0.99


def test_a_model_in_parts_is_one_model():
    parts = sorted((settings.EMBEDDING / "split").iterdir())
    assert len(parts) > 1
    with Server(parts[0]) as running:
        for got, wanted in zip(embed(running, TEXTS), REFERENCE["vectors"], strict=True):
            assert far(got, wanted) < 1e-3
        (card,) = running.get("/v1/models").json()["data"]
        assert card["size_bytes"] > 40_000_000, "of all parts"


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    """One that chats, one that embeds, one that ranks."""
    config = tmp_path_factory.mktemp("three") / "lares.yaml"
    config.write_text(
        "models:\n  catalogue:\n"
        f"    chat: {{path: {settings.MODEL}, context: 2048, parallel: 4, pinned: true}}\n"
        f"    embed: {{path: {EMBEDDER}}}\n"
        f"    rank: {{path: {RANKER}}}\n"
    )
    with Server("--log-level=info", ["--config", config], name="chat") as running:
        yield running


def named(server, name):
    """The same server, whose answers are asked of another model."""

    class Named:
        def __getattr__(self, attribute):
            return getattr(server, attribute)

    other = Named()
    other.name = name
    return other


def test_each_is_asked_for_what_it_can(three):
    assert embed(named(three, "embed"), TEXTS[0])
    assert scores(rerank(named(three, "rank"), TEXTS))
    with three.openai() as client:
        answer = client.completions.create(model="chat", prompt="The capital of France is", max_tokens=4)
    assert answer.choices[0].text
    refused = rerank(named(three, "chat"), ["a"])
    assert refused.status_code == 400
    assert refused.json()["error"]["code"] == "model_cannot_rank"


def test_embeddings_are_not_held_up_by_chats(three):
    going, enough = threading.Event(), threading.Event()

    def chat(_):
        with three.openai() as client:
            body = {"prompt": "x", "max_tokens": 1500, "stream": True, "extra_body": {"ignore_eos": True}}
            with client.completions.create(model="chat", **body) as stream:
                for _ in stream:
                    going.set()
                    if enough.is_set():
                        return True
        return False  # it came to its end first

    with ThreadPoolExecutor(4) as pool:
        chats = [pool.submit(chat, i) for i in range(4)]
        assert going.wait(60)
        try:
            for i in range(5):
                assert embed(named(three, "embed"), f"text {i}")
        finally:
            enough.set()
        assert all(job.result() for job in chats), "the texts were embedded while all chats went on"


def test_one_that_is_not_loaded_is_not_loaded_to_be_refused(tmp_path):
    config = tmp_path / "lares.yaml"
    config.write_text(
        "models:\n  memory: 250MiB\n  catalogue:\n"
        '    a: {path: "fake:memory=100MiB,answer=3", pinned: true}\n'
        '    embed: {path: "fake:memory=100MiB,purpose=embed"}\n'
    )
    with Server("--log-level=info", ["--config", config], name="a") as running:
        refused = running.post("/v1/completions", {"model": "embed", "prompt": "x"})
        assert refused.status_code == 400
        cards = {m["id"]: m for m in running.get("/v1/models").json()["data"]}
        assert cards["embed"]["state"] == "unloaded"
        assert cards["embed"]["capabilities"] == ["embedding", "rerank"]
        assert embed(named(running, "embed"), "text")


def test_the_plan_counts_what_it_takes(tmp_path):
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / EMBEDDER.name).symlink_to(EMBEDDER)
    plan = run_lares("models", "plan", "--models", folder)
    assert plan.returncode == 0, plan.stderr
    (line,) = [line for line in plan.stdout.splitlines() if "MiniLM" in line]
    assert re.search(r"\b512\b", line), line


def test_it_takes_no_more_memory_than_planned(server):
    embed(server, [TEXTS[6]] * 16)
    status = Path(f"/proc/{faults.worker_of(server)}/status").read_text()
    resident = int(re.search(r"VmHWM:\s+(\d+) kB", status).group(1)) * 1024
    planned = re.search(r"together (\d+) MiB", server.log())
    assert resident < int(planned.group(1)) * (1 << 20) * 1.1 + (40 << 20), "beside the program itself"
