# SPDX-License-Identifier: Apache-2.0
"""`lares run FILE` without a server: the one that it starts for itself gets what was said about the model, and nothing
of what was said about servers for others."""

from harness import settings
from harness.process import run_lares
from harness.terminal import Terminal


def test_the_models_flags_reach_it(tmp_path):
    words = ["run", settings.MODEL, "word " * 300, "--answer-tokens", "4", "--data", tmp_path / "data"]
    refused = run_lares(*words, "--ctx-size", "256")
    assert refused.returncode != 0 and "256" in refused.stderr, "so long a prompt does not fit"
    config = tmp_path / "lares.yaml"
    config.write_text("model:\n  context: 256\n")
    refused = run_lares(*words, "--config", config)
    assert refused.returncode != 0 and "256" in refused.stderr
    answered = run_lares(*words, "--config", config, "--ctx-size", "1024", "--kv-type", "q8_0", "--threads", "1")
    assert answered.returncode == 0, answered.stderr


def test_a_servers_settings_do_not(tmp_path):
    config = tmp_path / ".config" / "lares" / "config.yaml"
    config.parent.mkdir(parents=True)
    config.write_text(
        "server:\n  host: 0.0.0.0\n  port: 1\n"
        "security:\n  tls_cert: nowhere.pem\n  tls_key: nowhere.pem\n  api_key_file: nowhere.keys\n"
    )
    command = ["run", "fake:step=0ms,slots=1,context=512,answer=4", "hi", "--data", tmp_path / "data"]
    result = run_lares(*command, home=tmp_path)
    assert result.returncode == 0 and result.stdout.strip(), result.stderr
    result = run_lares(*command, home=tmp_path, LARES_TLS_CERT="nowhere.pem", LARES_TLS_KEY="nowhere.pem")
    assert result.returncode == 0 and result.stdout.strip(), result.stderr


def test_who_waits_sees_how_far_loading_is(tmp_path):
    go = tmp_path / "go"
    model = f"fake:step=0ms,slots=1,context=512,answer=4,load={go}"
    with Terminal("run", model, "hi", "--data", tmp_path / "data", home=tmp_path) as terminal:
        terminal.expect("the model is loading, 50 percent done")
        go.touch()
        assert terminal.end() == 0
