# SPDX-License-Identifier: Apache-2.0
"""Reads the sources below src/ and reports every line that breaks a rule of rules.py."""

import re
from dataclasses import dataclass
from pathlib import Path

from . import rules

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)[">]')
SOURCE_SUFFIXES = (".h", ".cc")
TEST_NAME = re.compile(r"_(test|fuzz|bench)\.(cc|h)$")


@dataclass(frozen=True)
class Violation:
    file: str
    line: int
    text: str
    reason: str

    def __str__(self):
        return f"{self.file}:{self.line}: {self.text.strip()}\n    {self.reason}"


@dataclass(frozen=True)
class Source:
    """One file of ours: its path below src/, and what follows from it."""

    path: str

    @property
    def folder(self):
        return self.path.rpartition("/")[0]

    @property
    def top(self):
        return self.path.partition("/")[0]

    @property
    def is_header(self):
        return self.path.endswith(".h")

    @property
    def is_test(self):
        return bool(TEST_NAME.search(self.path))

    @property
    def is_pure(self):
        return self.top in rules.PURE and not self.is_test


def layer_name(top):
    return rules.LAYERS[rules.LEVEL[top]][0]


def strip_comments(text):
    """Blanks comments and the inside of string literals, keeping every newline where it is."""

    def blank(match):
        found = match.group(0)
        if found.startswith(("/*", "//")):
            return re.sub(r"[^\n]", " ", found)
        return found[0] + re.sub(r"[^\n]", " ", found[1:-1]) + found[-1]

    return re.sub(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])+'", blank, text, flags=re.S)


def within(folder, owner):
    return folder == owner or folder.startswith(owner + "/")


def check_own_include(source, target):
    """A reason why `source` must not include our header `target`, or None."""
    if source.folder == target.folder:
        return None
    if target.top not in rules.LEVEL:
        return f"src/{target.top} belongs to no layer; tools/layers/rules.py lists them"
    if target.is_test and not source.is_test:
        return "production code does not include test code"
    allowed = rules.ONLY_BELOW.get(source.top)
    if allowed is not None and not source.is_test and target.top not in allowed:
        return f"{source.top} includes only {', '.join(sorted(allowed))}: it is a client, like any other program"
    if source.is_test and rules.LEVEL[target.top] <= rules.LEVEL[source.top]:
        return None
    implementation = next((i for i in rules.IMPLEMENTATIONS if within(target.folder, i)), None)
    if implementation and not within(source.folder, implementation) and source.top not in rules.WIRING:
        return (f"{implementation} is one implementation among others: only the wiring "
                f"({', '.join(sorted(rules.WIRING))}) names it; include the interface instead")
    return check_direction(source, target)


def check_direction(source, target):
    here, there = rules.LEVEL[source.top], rules.LEVEL[target.top]
    if there < here:
        return None
    if there > here:
        return (f"includes point downward: {source.top} is {layer_name(source.top)}, "
                f"{target.top} is {layer_name(target.top)}")
    if source.top == target.top and source.top not in rules.ALTERNATIVES:
        return None
    for come, go in rules.SAME_LAYER:
        # Where folders are alternatives, an interface is open to them and its other implementations are not.
        reached = target.folder == go if target.top in rules.ALTERNATIVES else within(target.folder, go)
        if reached and within(source.folder, come):
            return None
    return (f"{source.folder} and {target.folder} are both {layer_name(source.top)} and the allow-list "
            "(SAME_LAYER in tools/layers/rules.py) does not join them")


def find_library(name):
    return next((entry for entry in rules.LIBRARIES if entry[1].search(name)), None)


def check_foreign_include(source, name):
    """A reason why `source` must not include the header `name`, which is not ours, or None."""
    if name in rules.STANDARD:
        if source.is_pure and name in rules.IMPURE_HEADERS:
            return rules.IMPURE_HEADERS[name]
        return None
    library = find_library(name)
    if library:
        return check_library(source, *library)
    low = source.top in rules.LEVEL and rules.LEVEL[source.top] <= 2
    if low and source.is_header and not source.is_test:
        return f"headers of {layer_name(source.top)} include the standard library only"
    if source.is_pure or (source.top == "core" and not source.is_test):
        return rules.IMPURE_HEADERS.get(name, f"{source.top} uses the standard library only")
    return None


def check_library(source, label, _pattern, owners, where):
    if where == "test":
        return None if source.is_test else f"{label} is for tests and benchmarks only"
    if where == "nobody":
        return f"{label} is not linked: no part of Lares may include it"
    if not any(within(source.folder, owner) for owner in owners):
        return f"only {' and '.join('src/' + o for o in owners)} may include {label}: one library, one adapter"
    if where == ".cc" and source.is_header and not source.is_test:
        return f"{label} stays in .cc files: whoever includes this header would depend on it"
    return None


def check_file(path, text, own_headers):
    """All violations in one file. `path` is below src/, `own_headers` are the headers there are below src/."""
    source = Source(path)
    shown = "src/" + path
    lines = text.split("\n")
    if source.top not in rules.LEVEL:
        return [Violation(shown, 1, lines[0], f"src/{source.top} belongs to no layer; see tools/layers/rules.py")]
    found = []
    for number, (line, code) in enumerate(zip(lines, strip_comments(text).split("\n")), 1):
        # The stripped line tells whether the include is real; the raw one still has the name in quotes.
        include = INCLUDE.match(line) if code.lstrip().startswith("#") else None
        reason = None
        if include:
            name = include.group(2)
            if name in own_headers:
                reason = check_own_include(source, Source(name))
            elif include.group(1) == '"' and not find_library(name):
                reason = "no such header below src/: our headers are named from src/ (\"base/error.h\")"
            else:
                reason = check_foreign_include(source, name)
        elif source.is_pure:
            reason = next((why for pattern, why in rules.IMPURE_CODE if pattern.search(code)), None)
        if reason:
            found.append(Violation(shown, number, line, reason))
    if source.is_header and not re.search(r"^#pragma once$", text, re.M):
        found.append(Violation(shown, 1, lines[0], "a header begins with #pragma once"))
    return found


def check_tree(root):
    """All violations below ROOT/src, in the order of files and lines."""
    src = Path(root) / "src"
    files = sorted(p for p in src.rglob("*") if p.suffix in SOURCE_SUFFIXES and p.is_file())
    own_headers = {p.relative_to(src).as_posix() for p in files if p.suffix == ".h"} | rules.GENERATED
    found = []
    for file in files:
        found += check_file(file.relative_to(src).as_posix(), file.read_text(encoding="utf-8"), own_headers)
    return found, len(files)
