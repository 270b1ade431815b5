# SPDX-License-Identifier: Apache-2.0
"""What tests/e2e/run hands over: binaries, models, tier."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
BINARY = os.environ.get("LARES_BIN", str(ROOT / "build/dev/bin/lares"))
MODEL = os.environ.get("LARES_TEST_MODEL", "")
ORIGINAL_MODEL = os.environ.get("LARES_TEST_MODEL_ORIGINAL", "") or MODEL
EMBEDDING = Path(os.environ.get("LARES_TEST_EMBEDDING", ""))  # a folder: tools/dev/embedding_models.sh
FULL = os.environ.get("LARES_TEST_TIER", "fast") == "full"
NODE_MODULES = os.environ.get("LARES_E2E_NODE_MODULES", "")
# Printed with every failure that depends on it; LARES_TEST_SEED repeats a run.
SEED = int(os.environ.get("LARES_TEST_SEED", "20240229"))

# The plan of every step hangs on these costs and not on the clock.
FIXED_COSTS = ["--fixed-step-costs", "decode=5ms:200us,prefill=2ms:150us"]


def model_name():
    return Path(MODEL).stem
