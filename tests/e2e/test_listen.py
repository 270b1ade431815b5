# SPDX-License-Identifier: Apache-2.0
"""Where the server listens, who holds the place, and what it refuses to open to others."""

import os
import socket
import stat
import subprocess

import pytest

from harness import identity, settings, wire
from harness.process import Server, run_lares

FAKE = "fake:step=0ms,slots=2,context=512"


def start_fails(*flags, model=FAKE, data=None, folder=None):
    """Runs `lares serve`, which must end by itself; what it said."""
    arguments = ["serve", model, "--data", data or folder / "data", *flags]
    if "--port" not in flags and "--listen" not in flags:
        arguments += ["--port", "0"]
    result = run_lares(*arguments, timeout=30)
    assert result.returncode not in (0, -6, -11), result
    return result.stdout + result.stderr


def test_unix_socket(tmp_path):
    path = tmp_path / "lares.sock"
    with Server(FAKE, ["--listen", f"unix:{path}"]) as server:
        mode = os.stat(path)
        assert stat.S_ISSOCK(mode.st_mode) and stat.S_IMODE(mode.st_mode) == 0o660, "for its group, not for others"
        assert server.get("/v1/models").status_code == 200
        with server.openai() as client:
            text = client.completions.create(model="fake", prompt="a", max_tokens=3, stream=True)
            assert len([c for c in text]) >= 1
        assert "taken" in start_fails("--listen", f"unix:{path}", folder=tmp_path)
    assert not path.exists(), "it clears up behind itself"


def test_a_socket_file_that_was_left_behind(tmp_path):
    path = tmp_path / "lares.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    with Server(FAKE, ["--listen", f"unix:{path}"]) as server:
        assert server.get("/livez").status_code == 200
    path.write_text("precious")
    start_fails("--listen", f"unix:{path}", folder=tmp_path)
    assert path.read_text() == "precious"


def test_tls(tmp_path):
    certificate = identity.Certificate(tmp_path)
    with Server(FAKE, certificate.flags(), verify=certificate.context()) as server:
        assert server.url.startswith("https://")
        assert server.get("/v1/models").status_code == 200
        with server.openai() as client:
            chunks = list(client.completions.create(model="fake", prompt="a", max_tokens=3, stream=True))
            assert chunks
            # More than one TLS record each way.
            body = {"prompt": "a", "max_tokens": 2, "padding": "x" * 300_000}
            assert server.post("/v1/completions", json=body).status_code == 200
        with socket.create_connection(server.address, timeout=30) as plain:
            plain.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            try:
                assert not plain.recv(100).startswith(b"HTTP/1.1 200")
            except ConnectionError:
                pass  # as good an answer
        assert server.get("/livez").status_code == 200


def test_tls_versions(tmp_path):
    import ssl

    certificate = identity.Certificate(tmp_path)
    with Server(FAKE, certificate.flags(), verify=certificate.context()) as server:
        for version, works in ((ssl.TLSVersion.TLSv1_2, True), (ssl.TLSVersion.TLSv1_3, True)):
            context = certificate.context()
            context.minimum_version = context.maximum_version = version
            with wire.Wire(
                server, wrap=lambda s, c=context: c.wrap_socket(s, server_hostname="localhost")
            ) as connection:
                connection.ask("GET", "/livez")
                assert (connection.answer().status == 200) == works
        old = subprocess.run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"],
            input=b"",
            capture_output=True,
            timeout=30,
            check=False,
        )
        assert old.returncode != 0, "TLS 1.1 is not spoken"


def test_tls_files_that_are_wrong(tmp_path):
    certificate, other = identity.Certificate(tmp_path), identity.Certificate(tmp_path, "other")
    assert "nowhere" in start_fails("--tls-cert", "/nowhere", "--tls-key", certificate.key, folder=tmp_path)
    assert start_fails("--tls-cert", certificate.cert, "--tls-key", other.key, folder=tmp_path)
    assert "--tls-key" in start_fails("--tls-cert", certificate.cert, folder=tmp_path)


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_beyond_loopback_it_wants_key_and_tls(tmp_path, host):
    keys = identity.write_keys(tmp_path / "keys", ("me", "secret", "all"))
    certificate = identity.Certificate(tmp_path)
    assert "--api-key-file" in start_fails("--host", host, folder=tmp_path)
    assert "--tls-cert" in start_fails("--host", host, "--api-key-file", keys, folder=tmp_path)
    assert "--api-key-file" in start_fails("--host", host, *certificate.flags(), folder=tmp_path)
    assert "--api-key-file" in start_fails("--host", host, "--tls-terminated-upstream", folder=tmp_path)


@pytest.mark.parametrize("protection", ["--insecure", "keys and TLS", "--tls-terminated-upstream"])
def test_beyond_loopback_when_it_is_meant(tmp_path, protection):
    keys = ["--api-key-file", identity.write_keys(tmp_path / "keys", ("me", "secret", "all"))]
    certificate = identity.Certificate(tmp_path)
    flags, verify = {
        "--insecure": (["--insecure"], True),
        "keys and TLS": (keys + certificate.flags(), certificate.context()),
        "--tls-terminated-upstream": (keys + ["--tls-terminated-upstream"], True),
    }[protection]

    class Everywhere(Server):
        """0.0.0.0 is where it listens, not where one goes."""

        @property
        def url(self):
            return super().url.replace("0.0.0.0", "127.0.0.1")

    with Everywhere(FAKE, ["--host", "0.0.0.0", *flags], headers=identity.bearer("secret"), verify=verify) as server:
        assert server.get("/v1/models").status_code == 200
        # Others reach it by names of their own.
        assert server.get("/v1/models", headers={"Host": "llm.house", **identity.bearer("secret")}).status_code == 200
        if protection == "--insecure":
            page = {"Origin": "https://evil.example"}
            assert server.post("/tokenize", json={"content": "a"}, headers=page).status_code == 403, "no page of others"
            assert server.post("/tokenize", json={"content": "a"}).status_code == 200
        else:
            assert server.get("/v1/models", headers={"Authorization": ""}).status_code == 401


def test_a_second_server_on_the_same_data(tmp_path):
    with Server(FAKE, data=tmp_path / "data") as server:
        said = start_fails(data=tmp_path / "data")
        assert str(server.process.pid) in said and server.url in said and "--data" in said
    with Server(FAKE, data=tmp_path / "data"):
        pass  # the lock went with its holder


def test_the_lock_goes_with_a_killed_server(tmp_path):
    first = Server(FAKE, data=tmp_path / "data")
    first.process.kill()
    first.process.wait()
    with Server(FAKE, data=tmp_path / "data") as second:
        assert second.get("/livez").status_code == 200
    first.close(check=False)


def test_a_busy_port(tmp_path):
    with Server(FAKE) as server:
        said = start_fails("--port", str(server.port), folder=tmp_path)
        assert str(server.process.pid) in said and "--port" in said
        assert server.get("/livez").status_code == 200


def test_the_data_directory_is_private(tmp_path):
    with Server(FAKE, data=tmp_path / "new" / "data") as server:
        assert stat.S_IMODE(os.stat(server.data).st_mode) == 0o700
        assert stat.S_IMODE(os.stat(server.data / "server.lock").st_mode) == 0o600
    (tmp_path / "file").write_text("")
    assert "file" in start_fails(data=tmp_path / "file")


def test_a_model_that_is_not_there(tmp_path):
    said = start_fails(model="/nowhere/model.gguf", folder=tmp_path)
    assert "/nowhere/model.gguf" in said
    said = run_lares("serve", "--data", tmp_path / "d", "--port", "0", timeout=30)
    assert said.returncode != 0 and "lares serve MODEL.gguf" in said.stderr


def test_the_log_to_a_file(tmp_path):
    with Server(FAKE, ["--log-file", str(tmp_path / "log")]) as server:
        server.get("/v1/models")
        assert "listening" in (tmp_path / "log").read_text()
        assert server.log() == ""


def test_start_says_context_slots_and_threads():
    with Server(settings.MODEL, ["--log-format", "text", "--log-level", "info"]) as server:
        lines = [line for line in server.log().splitlines() if "--ctx-size" in line]
        assert len(lines) == 1, server.log()
        assert "--parallel" in lines[0] and "--threads" in lines[0]
