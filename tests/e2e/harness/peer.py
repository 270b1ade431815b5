# SPDX-License-Identifier: Apache-2.0
"""llama.cpp's own llama-completion, on the libraries that Lares links, to compare with."""

import functools
import os
import subprocess

from . import settings

BINARY = os.environ.get("LARES_PEER", "")
# What it prints behind an answer.
END = b"\n\n"


@functools.cache
def complete(prompt, tokens, model=settings.MODEL):
    """The greedy continuation of a plain prompt."""
    result = subprocess.run(
        [
            BINARY,
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
    assert result.stdout.endswith(END), result.stdout[-40:]
    # The last token may be a part of a character.
    return result.stdout[: -len(END)].decode(errors="replace")
