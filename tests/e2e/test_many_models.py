# SPDX-License-Identifier: Apache-2.0
"""Many models behind one address: loaded when they are asked for, unloaded to make room, never more at once than
there is memory for."""

import os
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness import faults, settings
from harness.deadline import until
from harness.process import Server, run_lares

MIB = 1 << 20


def catalogue(tmp_path, models, **settings_of_all):
    """A configuration file; `models` by name, each a dictionary or a fake model's words."""
    lines = ["models:"] + [f"  {key}: {value}" for key, value in settings_of_all.items()] + ["  catalogue:"]
    for name, model in models.items():
        entry = {"path": model} if isinstance(model, str) else model
        lines += [f"    {name}:"] + [f"      {key}: {value}" for key, value in entry.items()]
    path = tmp_path / "lares.yaml"
    path.write_text("\n".join(lines) + "\n")
    return path


def serve(config, *flags, **options):
    # Server names a model first; a flag that says what is the default stands in its place.
    return Server("--log-level=debug", ["--config", config, "--log-level", "debug", *flags], name="a", **options)


def ask(server, model, tokens=4, **body):
    return server.post(
        "/v1/completions", {"model": model, "prompt": "x", "max_tokens": tokens, "temperature": 0, **body}
    )


def states(server):
    return {model["id"]: model["state"] for model in server.get("/v1/models").json()["data"]}


def small(megabytes=100, **more):
    words = "".join(f",{key}={value}" for key, value in more.items())
    return f'"fake:step=2ms,slots=4,context=2048,memory={megabytes}MiB{words}"'


def test_each_is_loaded_when_it_is_asked_for_and_leaves_for_others(tmp_path):
    models = {"a": {"path": small(), "pinned": "true"}, "b": small(), "c": small(), "d": small(300)}
    with serve(catalogue(tmp_path, models, memory="250MiB")) as server:
        assert states(server) == {"a": "ready", "b": "unloaded", "c": "unloaded", "d": "failed"}
        for model in ("b", "c", "a", "b", "c"):
            answer = ask(server, model)
            assert answer.status_code == 200
            assert answer.json()["model"] == model
            loaded = server.metrics().value("lares_model_bytes")
            assert loaded <= 250 * MIB
        assert states(server)["a"] == "ready"
        assert sorted(states(server)[m] for m in "bc") == ["ready", "unloaded"]
        refused = ask(server, "d")
        assert refused.status_code == 503
        assert "314572800 bytes" in refused.json()["error"]["message"]
        assert server.get("/readyz").status_code == 200
        assert server.get("/livez").status_code == 200
        assert server.metrics().value("lares_model_loads_total", model="b") == 2
        assert ask(server, "nobody").status_code == 404


def test_what_the_pinned_ones_leave_no_room_for_is_refused_at_once(tmp_path):
    models = {"a": {"path": small(200), "pinned": "true"}, "b": small(100)}
    with serve(catalogue(tmp_path, models, memory="250MiB")) as server:
        refused = ask(server, "b")
        assert refused.status_code == 503
        assert "pin fewer" in refused.json()["error"]["message"]


def test_nobody_is_thrown_out_in_the_middle_of_an_answer(tmp_path):
    models = {name: small() for name in "abc"}
    with serve(catalogue(tmp_path, models, memory="250MiB")) as server:
        wanted = {name: ask(server, name, 300).json()["choices"][0]["text"] for name in "abc"}
        with ThreadPoolExecutor(12) as pool:
            jobs = [(name, pool.submit(ask, server, name, 300)) for name in "abcabcabcabc"]
            for name, job in jobs:
                assert job.result().status_code == 200
                assert job.result().json()["choices"][0]["text"] == wanted[name]
        assert server.metrics().value("lares_model_bytes") <= 250 * MIB


def stream_lines(server, model):
    with server.http() as client:
        body = {"model": model, "prompt": "x", "max_tokens": 3, "stream": True}
        with client.stream("POST", "/v1/completions", json=body) as answer:
            assert answer.status_code == 200
            yield from answer.iter_lines()


def test_who_waits_is_told_how_far_it_is_and_too_many_are_refused(tmp_path):
    go = tmp_path / "go"
    models = {"a": small(), "slow": small(load=go)}
    config = catalogue(tmp_path, models, memory="500MiB")
    with serve(config, "--queue", "2") as server:
        lines = stream_lines(server, "slow")
        told = next(line for line in lines if "50 percent" in line)
        assert told == ": the model is loading, 50 percent done"
        assert states(server)["slow"] == "loading"
        with ThreadPoolExecutor(1) as pool:
            whole = pool.submit(ask, server, "slow")
            until(lambda: server.metrics().value("lares_requests_in_flight") == 2, "it waits")
            refused = ask(server, "slow")
            assert refused.status_code == 503
            assert refused.json()["error"]["code"] == "model_loading"
            assert int(refused.headers["retry-after"]) >= 1
            assert ask(server, "a").status_code == 200, "others are served meanwhile"
            go.touch()
            assert whole.result().status_code == 200
        assert list(lines)[-2:] == ["data: [DONE]", ""]


def test_waiting_for_a_model_ends_at_the_deadline(tmp_path):
    models = {"a": small(), "never": small(load=tmp_path / "never")}
    config = catalogue(tmp_path, models, memory="500MiB")
    with serve(config, "--request-timeout", "500ms") as server:
        assert ask(server, "never").status_code == 504
        server.wait_idle()


def test_what_nobody_uses_is_unloaded(tmp_path):
    models = {"a": {"path": small(), "pinned": "true"}, "b": small()}
    with serve(catalogue(tmp_path, models, memory="500MiB", unload_after="300ms")) as server:
        assert ask(server, "b").status_code == 200
        until(lambda: states(server) == {"a": "ready", "b": "unloaded"}, "it was unloaded")
        assert ask(server, "b").status_code == 200


def test_a_model_that_cannot_be_loaded_fails_alone(tmp_path):
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + bytes(100))
    with serve(catalogue(tmp_path, {"a": small(), "broken": str(broken)}, memory="500MiB")) as server:
        answer = ask(server, "broken")
        assert answer.status_code == 503
        assert answer.json()["error"]["code"] == "model_failed"
        assert ask(server, "a").status_code == 200
        assert server.get("/livez").status_code == 200


@pytest.fixture
def folder(tmp_path):
    """Three forms of one model."""
    models = tmp_path / "models"
    models.mkdir()
    for name, source in {"small": settings.ORIGINAL_MODEL, "large": settings.MODEL, "other": settings.MODEL}.items():
        shutil.copy2(source, models / f"{name}.gguf")
    return models


def test_a_folder_of_real_models(folder, tmp_path):
    flags = ["--models", folder, "--ctx-size", "512", "--parallel", "2", "--host-cache", "0"]
    planned = run_lares("models", "plan", *flags, home=tmp_path)
    assert planned.returncode == 0, planned.stderr
    assert all(name in planned.stdout for name in ("small", "large", "other"))
    # Two of three fit.
    flags += ["--models-memory", "700MiB"]
    with Server("--log-level=debug", flags, name="small") as server:
        texts = {}
        for name in ("small", "large", "other", "small", "large"):
            answer = ask(server, name, 12)
            assert answer.status_code == 200, answer.text
            assert texts.setdefault(name, answer.json()["choices"][0]["text"]) == answer.json()["choices"][0]["text"]
            assert server.metrics().value("lares_model_bytes") <= 700 * MIB
        card = server.get("/v1/models/other").json()
        assert card["form"] == "Q8_0" and card["size_bytes"] > 100 * MIB and card["memory_bytes"] > card["size_bytes"]
        shown = run_lares("models", "--url", server.url)
        assert "unloaded" in shown.stdout and "ready" in shown.stdout


def test_under_a_memory_limit_nothing_is_found_out_by_dying(folder, tmp_path, monkeypatch):
    """The whole server lives in a control group that holds two of the three models."""
    group = faults.memory_group("lares-test-limit")
    limit = "memory.max" if (group / "memory.max").exists() else "memory.limit_in_bytes"
    (group / limit).write_text(str(900 * MIB))
    wrapper = tmp_path / "lares"
    wrapper.write_text(f'#!/bin/sh\necho $$ > {group}/cgroup.procs\nexec {settings.BINARY} "$@"\n')
    wrapper.chmod(0o755)
    monkeypatch.setattr(settings, "BINARY", str(wrapper))
    flags = ["--models", folder, "--ctx-size", "2048", "--parallel", "2", "--host-cache", "0"]
    try:
        with Server("--log-level=debug", flags, name="small") as server:
            stop = threading.Event()
            failed = []

            def keep_asking(name):
                while not stop.is_set():
                    answer = ask(server, name, 8, prompt="word " * 300)
                    if answer.status_code != 200:
                        failed.append(answer.text)

            threads = [threading.Thread(target=keep_asking, args=(name,)) for name in ("small", "large", "other")]
            for thread in threads:
                thread.start()
            until(lambda: server.metrics().value("lares_model_loads_total") >= 6 or failed, "they take turns", 120)
            stop.set()
            for thread in threads:
                thread.join()
            assert not failed, failed[:3]
            assert all(model["crashes"] == 0 for model in server.get("/health").json()["models"])
        events = Path(group / ("memory.events" if limit == "memory.max" else "memory.oom_control")).read_text()
        assert "oom_kill 0" in events
    finally:
        until(lambda: not (group / "cgroup.procs").read_text(), "the group is empty")
        os.rmdir(group)


def test_without_a_gpu_the_machines_memory_counts(tmp_path):
    assert run_lares("devices").returncode == 0
    plan = run_lares("models", "plan", settings.MODEL, "--worker-profile", "gpu")
    assert plan.returncode == 0, plan.stderr
    if not run_lares("devices").stdout:
        assert "models may take" in plan.stdout and "GPU" not in plan.stdout
