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
    # "shape" tests read the sources; they are the same under every compiler.
    live_step "unit tests under $preset" run_ctest "$preset" --progress --label-exclude shape
  done
}
