# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash

command_sanitize() {
  local presets=("$@") preset
  ((${#presets[@]} > 0)) || presets=(asan tsan)
  steps $((1 + 3 * ${#presets[@]}))
  install_sets build test lint
  for preset in "${presets[@]}"; do
    [[ $preset =~ ^(asan|tsan)$ ]] || die "sanitize knows asan and tsan"
    build_preset "$preset" all
    live_step "unit tests under $preset" test_sanitized "$preset"
  done
}

test_sanitized() {
  # The model library is not instrumented: ThreadSanitizer would not see how its threads wait for each other. Tests
  # that need a real model skip themselves there.
  [[ $1 != tsan ]] || export LARES_TEST_MODEL='' LARES_TEST_MODEL_ORIGINAL=''
  # "shape" tests read the sources; they are the same under every compiler.
  run_ctest "$1" --progress --label-exclude shape
}
