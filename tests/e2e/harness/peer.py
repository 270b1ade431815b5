# SPDX-License-Identifier: Apache-2.0
"""llama.cpp's own llama-completion, from the same source, to compare with."""

import functools
import os
import subprocess
from pathlib import Path

from . import settings

BINARY = Path(os.environ.get("LARES_PEER_PREFIX", "/nowhere")) / "bin" / "llama-completion"


def available():
    return BINARY.exists()


@functools.cache
def complete(prompt, tokens, model=settings.MODEL):
    """The greedy continuation of a plain prompt."""
    result = subprocess.run(
        [
            str(BINARY),
            "-m",
            model,
            "-p",
            prompt,
            "-n",
            str(tokens),
            "--temp",
            "0",
            "-no-cnv",
            "--no-display-prompt",
            "--ignore-eos",
            "-c",
            "2048",
            "--no-warmup",
            "--simple-io",
        ],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=300,
        check=False,
    )
    assert result.returncode == 0, result.stderr.decode(errors="replace")[-2000:]
    return result.stdout.decode()
