# SPDX-License-Identifier: Apache-2.0
"""A damaged model file ends the start with a sentence, never with a signal."""

import random
import shutil

import pytest

from harness import gguf, settings
from harness.process import run_lares

MIB = 1 << 20


@pytest.fixture(scope="module")
def first_mib(tmp_path_factory):
    path = tmp_path_factory.mktemp("cut") / "cut.gguf"
    with open(settings.ORIGINAL_MODEL, "rb") as source:
        path.write_bytes(source.read(MIB))
    return path


def start(path, data):
    return run_lares("serve", path, "--port", "0", "--data", data, timeout=60)


def check_refusal(result, path, what):
    assert result.returncode > 0, (what, result)
    said = result.stderr.strip()
    assert str(path) in said or path.name in said, (what, said)
    lines = [line for line in said.splitlines() if "listening" not in line]
    assert len(lines) <= 4 and "Traceback" not in said and "GGML_ASSERT" not in said, (what, said)
    assert not any(word in said for word in ("terminate called", "std::", "0x", "what():")), (what, said)


def cuts():
    places = list(range(0, MIB, 1000))
    return places if settings.FULL else sorted({0, 1000, *random.Random(settings.SEED).sample(places, 38)})


def test_cut_at_every_thousandth_byte(first_mib, tmp_path):
    path = tmp_path / "cut.gguf"
    shutil.copyfile(first_mib, path)
    for size in reversed(cuts()):
        with open(path, "r+b") as file:
            file.truncate(size)
        check_refusal(start(path, tmp_path / "data"), path, f"cut at {size}")


def test_cut_in_the_weights(tmp_path):
    path = tmp_path / "cut.gguf"
    shutil.copyfile(settings.ORIGINAL_MODEL, path)
    whole = path.stat().st_size
    for size in (whole - 1, whole - 32, whole // 2, 2 * MIB):
        with open(path, "r+b") as file:
            file.truncate(size)
        result = start(path, tmp_path / "data")
        check_refusal(result, path, f"cut at {size}")


def test_flipped_bytes(tmp_path):
    """In the scalar keys, the list of tensors and around: refused, or served; never a crash."""
    path = tmp_path / "flipped.gguf"
    shutil.copyfile(settings.ORIGINAL_MODEL, path)
    tensors = gguf.header_size(path)
    chance = random.Random(settings.SEED)
    places = [*range(0, 1100), *range(tensors - 700, tensors + 16_000)]
    for place in chance.sample(places, 1000 if settings.FULL else 60):
        with open(path, "r+b") as file:
            file.seek(place)
            old = file.read(1)
            file.seek(place)
            file.write(bytes([chance.randrange(256)]))
        # Asks for one token and ends by itself, whether the file is refused or not.
        result = run_lares("run", path, "x", "--answer-tokens", "1", "--data", tmp_path / "none", timeout=120)
        assert result.returncode >= 0, (settings.SEED, place, result)
        with open(path, "r+b") as file:
            file.seek(place)
            file.write(old)


@pytest.mark.parametrize(
    "content, said",
    [
        (b"", "empty"),
        (b"GGUF", ""),
        (b"<html>not found</html>" * 100, "GGUF"),
        (b"PK\x03\x04" + b"a" * 1000, "GGUF"),
        (b"GGML" + b"\0" * 1000, "GGUF"),
        (b"GGUF" + b"\xff" * 1000, ""),
        (b"version https://git-lfs.github.com/spec/v1\n", "GGUF"),
    ],
    ids=["empty", "magic", "html", "zip", "ggml", "ones", "pointer"],
)
def test_what_is_no_model(tmp_path, content, said):
    path = tmp_path / "other.gguf"
    path.write_bytes(content)
    result = start(path, tmp_path / "data")
    check_refusal(result, path, content[:20])
    assert said in result.stderr


def test_a_folder_and_a_file_that_may_not_be_read(tmp_path):
    (tmp_path / "folder.gguf").mkdir()
    check_refusal(start(tmp_path / "folder.gguf", tmp_path / "data"), tmp_path / "folder.gguf", "folder")
    check_refusal(start(tmp_path / "nothing.gguf", tmp_path / "data"), tmp_path / "nothing.gguf", "nothing")
