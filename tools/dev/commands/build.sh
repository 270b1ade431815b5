# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash

command_build() {
  local preset=${1:-dev} sets=(build)
  [[ $preset =~ ^(dev|release|asan|tsan|fuzz|coverage|cuda)$ ]] || die "there is no preset \"$preset\"; see ./dev help"
  case $preset in asan | tsan | fuzz) sets+=(lint) ;; esac
  [[ $preset != cuda ]] || export LARES_CUDA=1
  steps 3
  install_sets "${sets[@]}"
  build_preset "$preset" all
}
