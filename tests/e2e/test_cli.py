# SPDX-License-Identifier: Apache-2.0
"""The commands beside `serve`."""

import json
import re
import subprocess

import pytest

from harness import gguf, identity, settings
from harness.process import Server, clean_environment, run_lares
from harness.terminal import Terminal

NAME = settings.model_name()
SERVER = {"flags": ["--served-name", "house"]}


def test_version():
    result = run_lares("version")
    assert result.returncode == 0
    assert re.search(r"^lares\s+\d+\.\d+", result.stdout, re.M) and "llama.cpp" in result.stdout
    assert run_lares("--version").stdout == result.stdout


@pytest.mark.parametrize("command", ["", "serve", "run", "models", "bench", "config", "version"])
def test_help(command):
    result = run_lares(*([command] if command else []), "--help")
    assert result.returncode == 0 and result.stderr == ""
    assert len(result.stdout.splitlines()) >= 3 and max(map(len, result.stdout.splitlines())) <= 120
    if command in ("", "serve", "run", "models", "bench", "config"):
        assert "Examples:" in result.stdout


def test_models(server):
    result = run_lares("models", "--data", server.data)
    assert result.returncode == 0 and NAME in result.stdout and "2048" in result.stdout.replace(",", "")
    cards = json.loads(run_lares("models", "--data", server.data, "--json").stdout)
    assert NAME in json.dumps(cards)
    assert NAME in run_lares("models", "--url", server.url).stdout


def test_models_without_a_server(tmp_path):
    result = run_lares("models", "--url", "http://127.0.0.1:9")
    assert result.returncode > 0 and "127.0.0.1:9" in result.stderr and len(result.stderr.splitlines()) <= 3
    result = run_lares("models", "--data", tmp_path / "nobody")
    assert result.returncode >= 0 and len((result.stdout + result.stderr).splitlines()) <= 6


def test_run_with_a_prompt(server):
    result = run_lares(
        "run",
        NAME,
        "What is the capital of France?",
        "--temperature",
        "0",
        "--answer-tokens",
        "16",
        "--data",
        server.data,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() and "\x1b" not in result.stdout and result.stdout.endswith("\n")
    again = run_lares(
        "run",
        "house",
        "What is the capital of France?",
        "--temperature",
        "0",
        "--answer-tokens",
        "16",
        "--url",
        server.url,
    )
    assert again.stdout == result.stdout


def test_run_with_words_and_a_seed(server):
    command = ["run", NAME, "Tell", "me", "a", "story", "--seed", "5", "--answer-tokens", "12", "--data", server.data]
    assert run_lares(*command).stdout == run_lares(*command).stdout != ""


def test_run_with_piped_input(server):
    result = run_lares(
        "run",
        NAME,
        "Repeat the last word.",
        "--temperature",
        "0",
        "--answer-tokens",
        "20",
        "--data",
        server.data,
        stdin="error: the disk is full\n",
    )
    assert result.returncode == 0 and result.stdout.strip() and "\x1b" not in result.stdout
    other = run_lares(
        "run",
        NAME,
        "Repeat the last word.",
        "--temperature",
        "0",
        "--answer-tokens",
        "20",
        "--data",
        server.data,
        stdin="In the beginning there was light, and it was very bright indeed.\n" * 4,
    )
    assert other.stdout != result.stdout, "what came by the pipe counts"
    alone = run_lares(
        "run", NAME, "--answer-tokens", "8", "--data", server.data, stdin="What is the capital of France?"
    )
    assert alone.returncode == 0 and alone.stdout.strip()


def test_run_that_goes_wrong(server):
    result = run_lares("run", "nobody", "hi", "--data", server.data)
    assert result.returncode > 0 and NAME in result.stderr and result.stdout == ""
    result = run_lares("run", NAME, "word " * 4000, "--data", server.data)
    assert result.returncode > 0 and "2048" in result.stderr.replace(",", "")
    result = run_lares("run", NAME, "hi", "--url", "http://127.0.0.1:9")
    assert result.returncode > 0 and "127.0.0.1:9" in result.stderr
    result = run_lares("run", NAME, "hi", "--url", "nonsense")
    assert result.returncode > 0 and "nonsense" in result.stderr


def test_run_of_a_file_without_a_server(tmp_path):
    result = run_lares(
        "run",
        settings.MODEL,
        "What is the capital of France?",
        "--temperature",
        "0",
        "--answer-tokens",
        "16",
        "--ctx-size",
        "512",
        "--data",
        tmp_path / "data",
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip()


def test_run_with_a_key_and_tls(tmp_path):
    certificate = identity.Certificate(tmp_path)
    keys = identity.write_keys(tmp_path / "keys", ("me", "secret", "all"))
    fake = "fake:step=0ms,slots=2,context=512"
    with Server(fake, ["--api-key-file", keys], headers=identity.bearer("secret")) as server:
        command = ["run", "fake", "hi", "--answer-tokens", "3", "--data", server.data]
        refused = run_lares(*command)
        assert refused.returncode > 0 and "key" in refused.stderr.lower()
        assert run_lares(*command, LARES_API_KEY="secret").returncode == 0, "the key from the environment"
    with Server(fake, certificate.flags(), verify=certificate.context()) as server:
        untrusted = run_lares("run", "fake", "hi", "--answer-tokens", "3", "--url", server.url)
        assert untrusted.returncode > 0 and "certificate" in untrusted.stderr.lower()
        trusted = run_lares(
            "run", "fake", "hi", "--answer-tokens", "3", "--url", server.url, "--ca-file", certificate.cert
        )
        assert trusted.returncode == 0, trusted.stderr


def test_run_over_a_unix_socket(tmp_path):
    with Server("fake:step=0ms,slots=2,context=512", ["--listen", f"unix:{tmp_path / 's'}"]) as server:
        assert run_lares("run", "fake", "hi", "--answer-tokens", "3", "--data", server.data).returncode == 0
        assert run_lares("run", "fake", "hi", "--answer-tokens", "3", "--url", f"unix:{tmp_path / 's'}").returncode == 0


def test_a_chat_on_a_terminal(server, tmp_path):
    """With the real model; test_chat_terminal.py has the keys."""
    flags = ["--temperature", "0", "--answer-tokens", "24", "--data", server.data]
    with Terminal("run", NAME, *flags, home=tmp_path) as chat:
        chat.ready()
        assert len(chat.ask("What is the capital of France?")) > 20
        chat.ask(f"/save {tmp_path / 'chat.txt'}")
        assert "capital of France" in (tmp_path / "chat.txt").read_text()
        chat.enter("/exit")
        assert chat.end() == 0


def test_convert(tmp_path):
    out = tmp_path / "small.gguf"
    result = run_lares("models", "convert", settings.ORIGINAL_MODEL, out, "--type", "q4_0", timeout=120)
    assert result.returncode == 0, result.stderr
    assert out.stat().st_size > 10 << 20 and gguf.header_size(out) > 0
    assert re.search(r"los|accura|error", (result.stdout + result.stderr).lower()), "it says what is lost"
    again = run_lares("models", "convert", settings.ORIGINAL_MODEL, out, "--type", "q4_0", timeout=120)
    assert again.returncode > 0 and "--force" in again.stderr
    wrong = run_lares("models", "convert", settings.ORIGINAL_MODEL, tmp_path / "x.gguf", "--type", "q99", timeout=120)
    assert wrong.returncode > 0 and "q8_0" in wrong.stderr and not (tmp_path / "x.gguf").exists()
    with Server(out, ["--ctx-size", "512", "--parallel", "1"]) as server:
        assert server.post("/v1/completions", json={"prompt": "a", "max_tokens": 4}).status_code == 200


def test_bench_against_the_fake_model(tmp_path):
    with Server("fake:step=2ms,slots=8,context=4096") as server:
        report = tmp_path / "report.json"
        result = run_lares(
            "bench",
            "--model",
            "fake",
            "--url",
            server.url,
            "--concurrency",
            "4",
            "--requests",
            "12",
            "--prompt-tokens",
            "32",
            "--output-tokens",
            "16",
            "--json",
            report,
            timeout=120,
        )
        assert result.returncode == 0, result.stderr
        numbers = json.loads(report.read_text())
        assert "12" in json.dumps(numbers)
        compared = run_lares(
            "bench",
            "--model",
            "fake",
            "--url",
            server.url,
            "--concurrency",
            "4",
            "--requests",
            "12",
            "--prompt-tokens",
            "32",
            "--output-tokens",
            "16",
            "--compare",
            report,
            timeout=120,
        )
        assert compared.returncode == 0, compared.stderr
    gone = run_lares("bench", "--model", "fake", "--url", "http://127.0.0.1:9", "--requests", "1")
    assert gone.returncode == 3


def test_a_closed_pipe_is_no_drama(server):
    """`lares run M ... | head -c 1`"""
    shell = subprocess.run(
        f"'{settings.BINARY}' run {NAME} 'Tell a long story' --answer-tokens 200 --data '{server.data}' | head -c 1",
        shell=True,
        capture_output=True,
        timeout=120,
        check=False,
        env=clean_environment(HOME="/nonexistent"),
    )
    assert len(shell.stdout) == 1 and b"terminate" not in shell.stderr and b"Traceback" not in shell.stderr
    server.wait_idle()
