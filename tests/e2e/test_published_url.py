# SPDX-License-Identifier: Apache-2.0
"""What a server tells the clients of its data directory is an address that they can use."""

import os

from harness import identity
from harness.process import Server, run_lares

FAKE = "fake:step=0ms,slots=2,context=512,answer=4"


def test_of_a_server_on_every_address(tmp_path):
    with Server(FAKE, ["--host", "0.0.0.0", "--insecure"]) as server:
        assert server.url == f"http://127.0.0.1:{server.port}"
        assert run_lares("run", "fake", "hi", "--data", server.data).returncode == 0


def test_of_one_with_a_certificate(tmp_path):
    certificate = identity.Certificate(tmp_path)  # for localhost
    flags = ["--host", "0.0.0.0", "--insecure", *certificate.flags()]
    with Server(FAKE, flags, verify=certificate.context()) as server:
        assert server.url == f"https://localhost:{server.port}"
        result = run_lares("run", "fake", "hi", "--data", server.data, "--ca-file", certificate.cert)
        assert result.returncode == 0, result.stderr


def test_of_a_socket_in_the_servers_folder(tmp_path):
    here = os.getcwd()
    os.chdir(tmp_path)
    try:
        server = Server(FAKE, ["--listen", "unix:lares.sock"], wait=False)
    finally:
        os.chdir(here)
    with server:
        server.wait_ready()
        assert server.address == str(tmp_path / "lares.sock")
        assert run_lares("run", "fake", "hi", "--data", server.data).returncode == 0
