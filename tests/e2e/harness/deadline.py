# SPDX-License-Identifier: Apache-2.0
"""Waiting for a condition, never for a time. The deadline only bounds how long a broken server can hold us up."""

import time


def until(condition, what, seconds=60.0):
    """Polls until `condition()` is true and returns its value; fails with `what` after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds:.0f} s: {what}")
        time.sleep(0.02)
