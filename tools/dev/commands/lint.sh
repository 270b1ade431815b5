# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# ./dev lint: what passed once is remembered by digest, so an unchanged tree takes seconds.

command_lint() {
  steps 8
  install_sets build lint
  step "llama.cpp" tools/llama/build
  LARES_LLAMA_PREFIX=$(llama_prefix)
  export LARES_LLAMA_PREFIX
  step "configuring for clang-tidy" configure lint
  ninja -C build/lint lares_build_stamp lares_worker_messages >/dev/null  # headers that are generated
  keep_going=1
  step "repository rules" tools/lint/repository
  step "shell scripts" tools/lint/shell
  step "layers" tools/check_layers
  step "formatting" tools/lint/format
  step "clang-tidy" tools/lint/tidy build/lint
  finish_steps
}
