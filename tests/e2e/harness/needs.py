# SPDX-License-Identifier: Apache-2.0
"""What a test needs of the machine. By hand it is skipped without; where the whole suite runs, that is a failure."""

import os

import pytest

# ./dev test says the tier; the runner of a forge says CI.
REQUIRED = bool(os.environ.get("CI") or os.environ.get("LARES_TEST_TIER"))


def needs(there, what):
    """A mark for what cannot run without `what`."""
    if not there and REQUIRED:
        return pytest.mark.missing(what)  # conftest.py fails it
    return pytest.mark.skipif(not there, reason=what)
