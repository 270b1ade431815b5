# SPDX-License-Identifier: Apache-2.0
import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from harness import contract, record, settings  # noqa: E402
from harness.process import Server  # noqa: E402


def pytest_collection_modifyitems(items):
    if settings.FULL:
        return
    for item in items:
        if item.get_closest_marker("full"):
            item.add_marker(pytest.mark.skip(reason="part of the full tier: ./dev test --full"))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    for mark in item.iter_markers("missing"):
        pytest.fail(f"{mark.args[0]}: where the whole suite runs, that is a failure", pytrace=False)


def pytest_sessionstart():
    if not os.access(settings.BINARY, os.X_OK):
        pytest.exit(f"there is no server at {settings.BINARY}; ./dev build makes one", returncode=2)
    if not os.path.isfile(settings.MODEL):
        pytest.exit("there is no model: set LARES_TEST_MODEL, or run tests/e2e/run", returncode=2)


@pytest.fixture(scope="module")
def server(request):
    """One server for the module. SERVER = {"model": ..., "flags": [...]} in the module says which; by default it
    serves the real model with costs that are fixed, so that the plan does not hang on the clock."""
    options = dict(getattr(request.module, "SERVER", {}))
    model = options.pop("model", settings.MODEL)
    flags = options.pop("flags", [])
    if not str(model).startswith("fake:"):
        flags = ["--ctx-size", "2048", "--parallel", "8", *settings.FIXED_COSTS, *flags]
    with Server(model, flags, **options) as running:
        yield running


@pytest.fixture
def client(server):
    with server.openai() as openai_client:
        yield openai_client


@pytest.fixture(autouse=True)
def answers_keep_the_contract():
    """Every answer of every test must be one that api/openapi.yaml describes."""
    record.take()
    yield
    problems = contract.problems(record.take())
    assert not problems, "answers that api/openapi.yaml does not describe:\n" + "\n".join(problems[:10])
