# SPDX-License-Identifier: Apache-2.0
"""nginx with the repository's own site file, its addresses and certificate replaced by the test's."""

import os
import shutil
import socket
import subprocess
from pathlib import Path

from .deadline import until
from .settings import ROOT

BINARY = shutil.which("nginx", path="/usr/sbin:/usr/bin:/sbin:/bin")
SITE = ROOT / "deploy/nginx/lares.conf"

MAIN = """
{user}
daemon off;
worker_processes 1;
error_log {folder}/error.log info;
pid {folder}/nginx.pid;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/lares.conf;
}}
"""


def replaced(text, *pairs):
    for old, new in pairs:
        assert old in text, f"deploy/nginx/lares.conf no longer says {old!r}"
        text = text.replace(old, new)
    return text


class Nginx:
    """Listens with TLS on 127.0.0.1, in front of `upstream` ("127.0.0.1:PORT" or "unix:PATH"). Started by root its
    workers run as `user` ("NAME GROUP"); by anybody else as that one."""

    def __init__(self, folder, upstream, certificate, user="root"):
        self.folder = Path(folder)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        site = replaced(
            SITE.read_text(),
            ("server 127.0.0.1:8080;", f"server {upstream};"),
            ("listen 443 ssl;", f"listen 127.0.0.1:{self.port} ssl;"),
            ("/etc/ssl/lares/cert.pem", certificate.cert),
            ("/etc/ssl/lares/key.pem", certificate.key),
            ("server_name llm.example;", "server_name localhost;"),
        )
        (self.folder / "lares.conf").write_text(site)
        user = f"user {user};" if os.geteuid() == 0 else ""
        (self.folder / "nginx.conf").write_text(MAIN.format(folder=self.folder, user=user))
        self.url = f"https://localhost:{self.port}"
        self.process = subprocess.Popen(
            [BINARY, "-p", str(self.folder), "-c", str(self.folder / "nginx.conf"), "-e", "stderr"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=open(self.folder / "stderr", "wb"),
        )
        until(self._listens, "nginx listens", 30)

    def _listens(self):
        assert self.process.poll() is None, (self.folder / "stderr").read_text()
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)
