# SPDX-License-Identifier: Apache-2.0
"""Reads the Prometheus text format, strictly enough to notice when it is not that."""

import re

_SAMPLE = re.compile(r"^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$")
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"(?:,|$)')


class Metrics:
    def __init__(self, text):
        self.samples = []  # (name, labels, value)
        self.types = {}
        self.helps = {}
        for line in text.splitlines():
            if line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ", 3)
                self.types[name] = kind
            elif line.startswith("# HELP "):
                _, _, name, text_ = line.split(" ", 3)
                self.helps[name] = text_
            elif line and not line.startswith("#"):
                match = _SAMPLE.match(line)
                assert match, f"not a Prometheus line: {line!r}"
                labels = dict(_LABEL.findall(match[2] or ""))
                self.samples.append((match[1], labels, float(match[3])))

    def find(self, name, **labels):
        return [(own, v) for n, own, v in self.samples if n == name and labels.items() <= own.items()]

    def value(self, name, **labels):
        """The sum over all series that match; 0 without any, as a counter that never counted."""
        return sum(v for _, v in self.find(name, **labels))

    def names(self):
        return {n for n, _, _ in self.samples}

    def families(self):
        return set(self.types)

    def sequences(self):
        return self.value("lares_sequences")

    def slow_readers(self):
        return self.value("lares_http_slow_readers_total")
