# SPDX-License-Identifier: Apache-2.0
"""Small changes to a model file, for the tests that need a damaged or a poorer one."""

import shutil
import struct


def without_chat_template(source, target):
    """A copy whose template stands under a key that nobody reads."""
    shutil.copyfile(source, target)
    key = b"tokenizer.chat_template"
    with open(target, "r+b") as file:
        head = file.read(4 << 20)
        place = head.index(struct.pack("<Q", len(key)) + key) + 8
        file.seek(place)
        file.write(b"tokenizer.chat_templatX")
    return str(target)


def header_size(path):
    """Where the key-value part of the header ends and the list of tensors begins."""
    sizes = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
    with open(path, "rb") as file:
        data = file.read(16 << 20)
    pairs = struct.unpack_from("<Q", data, 16)[0]
    at = 24

    def skip(kind, at):
        if kind == 8:
            return at + 8 + struct.unpack_from("<Q", data, at)[0]
        if kind != 9:
            return at + sizes[kind]
        item, count = struct.unpack_from("<IQ", data, at)
        at += 12
        if item != 8:
            return at + sizes[item] * count
        for _ in range(count):
            at = skip(8, at)
        return at

    for _ in range(pairs):
        at = skip(8, at)
        at = skip(struct.unpack_from("<I", data, at)[0], at + 4)
    return at
