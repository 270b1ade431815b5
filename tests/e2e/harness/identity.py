# SPDX-License-Identifier: Apache-2.0
"""API keys and certificates, made for the test that uses them."""

import hashlib
import ssl
import subprocess
from pathlib import Path


def write_keys(path, *entries):
    """Each entry is (id, key, permissions) or (id, key, permissions, tenant)."""
    lines = ["# id  SHA-256  tenant  permissions"]
    for name, key, permissions, *tenant in entries:
        digest = hashlib.sha256(key.encode()).hexdigest()
        lines.append(f"{name} {digest} {tenant[0] if tenant else '-'} {permissions}")
    Path(path).write_text("\n".join(lines) + "\n")
    return str(path)


def bearer(key):
    return {"Authorization": f"Bearer {key}"}


class Certificate:
    """Self-signed for localhost and 127.0.0.1."""

    def __init__(self, folder, name="server"):
        self.cert, self.key = str(Path(folder) / f"{name}.pem"), str(Path(folder) / f"{name}.key")
        subprocess.run(
            [
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
                "-nodes",
                "-days",
                "2",
                "-subj",
                "/CN=localhost",
                "-addext",
                "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1",
                "-keyout",
                self.key,
                "-out",
                self.cert,
            ],
            check=True,
            capture_output=True,
        )

    def context(self):
        """Trusts this certificate and no other."""
        return ssl.create_default_context(cafile=self.cert)

    def flags(self):
        return ["--tls-cert", self.cert, "--tls-key", self.key]
