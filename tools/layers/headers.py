# SPDX-License-Identifier: Apache-2.0
"""Compiles each header below src/ alone, so that no header depends on what happened to be included before it.

A header that passed is not compiled again until it, a header of ours that it reaches, or the command changes.
"""

import hashlib
import json
import os
import re
import shlex
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)
KEPT = ("-std=", "-D", "-isystem", "-I", "-W", "-f", "-pthread")


def commands_by_folder(build_dir):
    """For each source folder, the flags one of its files is compiled with."""
    entries = json.loads((Path(build_dir) / "compile_commands.json").read_text(encoding="utf-8"))
    chosen = {}
    for entry in sorted(entries, key=lambda e: e["file"]):
        words = shlex.split(entry["command"])
        # Tests see more than the module offers; a plain source of the folder is the fair judge.
        rank = 1 if re.search(r"_(test|fuzz|bench)\.cc$", entry["file"]) else 0
        folder = os.path.dirname(entry["file"])
        if folder not in chosen or rank < chosen[folder][0]:
            chosen[folder] = (rank, keep_flags(words))
    return {folder: flags for folder, (_, flags) in chosen.items()}


def keep_flags(words):
    compiler = next(w for w in words if re.search(r"(g\+\+|clang\+\+|c\+\+)[-\d.]*$", w))
    flags, take_next = [], False
    for word in words:
        if take_next:
            flags.append(word)
            take_next = False
        elif word.startswith(KEPT):
            flags.append(word)
            take_next = word in ("-isystem", "-I", "-D")
    return [compiler] + flags


def digest(header, flags, src, seen=None):
    """Names everything of ours that the header's compilation reads."""
    seen = {} if seen is None else seen
    stack = [header]
    while stack:
        path = stack.pop()
        if path in seen or not path.exists():
            continue
        text = path.read_text(encoding="utf-8")
        seen[path] = text
        stack += [src / name for name in INCLUDE.findall(text)]
    whole = hashlib.sha256(json.dumps(flags).encode())
    for path in sorted(seen):
        whole.update(str(path).encode() + b"\0" + seen[path].encode())
    return whole.hexdigest()


def compile_header(header, flags, src):
    name = header.relative_to(src).as_posix()
    result = subprocess.run(flags + ["-fsyntax-only", "-x", "c++", "-"], input=f'#include "{name}"\n',
                            capture_output=True, text=True, check=False)
    if result.returncode == 0:
        return None
    wrong = [line for line in result.stderr.splitlines() if "error:" in line]
    first = wrong[0] if wrong else result.stderr.strip()
    return f"{first}\n    src/{name} does not compile alone: it must include what it uses"


def check(root, build_dir):
    """Returns (messages of failure, headers checked now, headers known good)."""
    src = Path(root).resolve() / "src"
    by_folder = commands_by_folder(build_dir)
    if not by_folder:
        return ["compile_commands.json lists nothing: configure a preset first"], 0, 0
    # A folder without a source of its own gets the flags of a plain one: ours and nothing else.
    plain = min((flags for folder, flags in by_folder.items() if Path(folder).is_relative_to(src)), key=len)
    passed = Path(build_dir) / "headers_passed"
    passed.mkdir(exist_ok=True)
    work = []
    known = 0
    for header in sorted(src.rglob("*.h")):
        flags = by_folder.get(str(header.parent), plain)
        key = digest(header, flags, src)
        if (passed / key).exists():
            known += 1
        else:
            work.append((header, flags, key))

    def one(item):
        header, flags, key = item
        problem = compile_header(header, flags, src)
        if problem is None:
            (passed / key).touch()
        return problem

    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        problems = [p for p in pool.map(one, work) if p]
    return problems, len(work), known
