# SPDX-License-Identifier: Apache-2.0
"""Configuration: file, environment, flags; what is wrong is said with its line."""

import yaml

from harness.process import Server, run_lares, settings


def config(tmp_path, text):
    path = tmp_path / "lares.yaml"
    path.write_text(text)
    return path


def test_a_wrong_key_names_its_line_and_the_nearest(tmp_path):
    path = config(tmp_path, "server:\n  port: 9000\n  prot: 1\n")
    result = run_lares("config", "--config", path)
    assert result.returncode == 2
    assert f"{path}:3" in result.stderr and "server.prot" in result.stderr and "server.port" in result.stderr


def test_wrong_values(tmp_path):
    for text, said in (
        ("server:\n  port: 99999\n", ":2"),
        ("server:\n  port: many\n", ":2"),
        ("limits:\n  body: 5 parsecs\n", ":2"),
        ("log:\n  level: loud\n", "debug"),
        ("server: [1]\n", ":1"),
        ("a: b: c\n", "YAML"),
        ("server:\n\tport: 1\n", "YAML"),
        ("server:\n  port: 1\n  port: 2\n", ":3"),
    ):
        result = run_lares("config", "--config", config(tmp_path, text))
        assert result.returncode == 2 and said in result.stderr and len(result.stderr.splitlines()) <= 3, (text, result)


def test_the_order_of_precedence(tmp_path):
    path = config(tmp_path, "server:\n  port: 1001\nlog:\n  level: error\nscheduling:\n  queue: 7\n")
    result = run_lares(
        "config", "--config", path, "--port", "1003", LARES_PORT="1002", LARES_LOG_LEVEL="warning"
    )
    assert result.returncode == 0, result.stderr
    effective = yaml.safe_load(result.stdout)
    assert effective["server"]["port"] == 1003
    assert effective["log"]["level"] == "warning"
    assert effective["scheduling"]["queue"] == 7


def test_what_it_prints_is_a_configuration_file(tmp_path):
    first = run_lares("config", "--port", "1234", "--served-name", "a,b", "--max-body", "3MiB", "--itl-p99", "250ms")
    path = config(tmp_path, first.stdout)
    second = run_lares("config", "--config", path)
    assert yaml.safe_load(first.stdout) == yaml.safe_load(second.stdout)


def test_a_secret_is_not_printed():
    result = run_lares("config", LARES_API_KEY="very-secret")
    assert "very-secret" not in result.stdout + result.stderr


def test_an_environment_variable_that_is_almost_one():
    result = run_lares("config", LARES_PROT="1")
    assert result.returncode == 2 and "LARES_PROT" in result.stderr and "LARES_PORT" in result.stderr


def test_wrong_flags():
    result = run_lares("serve", "--prot", "1")
    assert result.returncode == 2 and "--port" in result.stderr
    result = run_lares("serv")
    assert result.returncode == 2 and "serve" in result.stderr


def test_a_server_by_file_alone(tmp_path):
    path = config(
        tmp_path,
        f"""
model:
  path: {settings.MODEL}
  context: 512
  parallel: 1
  served_names: [house]
server:
  port: 0
log:
  format: json
""",
    )
    import json
    import signal
    import subprocess

    from harness.deadline import until
    from harness.process import clean_environment

    data = tmp_path / "data"
    process = subprocess.Popen(
        [settings.BINARY, "serve", "--config", str(path), "--data", str(data)],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=clean_environment(HOME=str(tmp_path)),
    )
    try:

        def listening():
            lock = data / "server.lock"
            return lock.exists() and lock.read_text() and json.loads(lock.read_text()).get("url")

        assert until(listening, "the server listens").startswith("http://127.0.0.1:")
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    finally:
        process.kill()


def test_sizes_and_times_are_in_force():
    with Server("fake:step=0ms,slots=2,context=512", LARES_MAX_BODY="2KiB") as server:
        assert server.post("/tokenize", json={"content": "x" * 3000}).status_code == 413
        assert server.post("/tokenize", json={"content": "x" * 100}).status_code == 200
