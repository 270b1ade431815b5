# SPDX-License-Identifier: Apache-2.0
"""The same API through the official client for Node: node/*.test.mjs."""

import base64
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from harness import record, settings
from harness.needs import needs
from harness.process import clean_environment

HERE = Path(__file__).parent / "node"


@needs(settings.NODE_MODULES and shutil.which("node"), "node, or its modules (LARES_E2E_NODE_MODULES), are not there")
@pytest.mark.parametrize("script", sorted(p.name for p in HERE.glob("*.test.mjs")))
def test_node(server, tmp_path, script):
    for path in HERE.glob("*.mjs"):
        shutil.copy(path, tmp_path)
    (tmp_path / "node_modules").symlink_to(settings.NODE_MODULES)
    recorded = tmp_path / "recorded.jsonl"
    recorded.touch()
    result = subprocess.run(
        ["node", "--test", str(tmp_path / script)],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        env=clean_environment(LARES_URL=server.url, LARES_MODEL=settings.model_name(), LARES_RECORD=str(recorded)),
    )
    for line in recorded.read_text().splitlines():
        entry = json.loads(line)
        record.add(
            entry["method"], entry["path"], entry["status"], entry["content_type"], base64.b64decode(entry["body"])
        )
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-2000:]
    assert recorded.read_text(), "its answers were recorded"
