# SPDX-License-Identifier: Apache-2.0
"""The snippets that people copy."""

import json
import re
import shutil
import subprocess
import sys

import pytest

from harness import settings
from harness.needs import needs
from harness.process import clean_environment

EXAMPLES = settings.ROOT / "examples"


def run(command, server, cwd=None, **environment):
    result = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=120,
        cwd=cwd,
        check=False,
        env=clean_environment(LARES_URL=server.url, **environment),
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_python(server):
    assert run([sys.executable, EXAMPLES / "chat.py", "What is the capital of France?"], server).strip()


@needs(settings.NODE_MODULES and shutil.which("node"), "node, or its modules (LARES_E2E_NODE_MODULES), are not there")
def test_node(server, tmp_path):
    shutil.copy(EXAMPLES / "chat.mjs", tmp_path)
    (tmp_path / "node_modules").symlink_to(settings.NODE_MODULES)
    assert run(["node", tmp_path / "chat.mjs"], server, tmp_path).strip()


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md"])
def test_the_curl_lines_of_the_readme(server, page):
    """Whatever the page tells the reader to paste is JSON that the server takes."""
    bodies = re.findall(r"-d '(\{.*?\})'", (settings.ROOT / page).read_text(), re.S)
    assert bodies, "the page shows a curl line"
    for body in bodies:
        path = "/v1/chat/completions" if "messages" in body else "/v1/completions"
        answer = server.post(path, json={**json.loads(body), "max_tokens": 4})
        assert answer.status_code == 200, answer.text
