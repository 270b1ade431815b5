# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# ./dev run ARGS: silent unless something is built or fails, so that its output is that of `lares`.

command_run() {
  local preset=${LARES_PRESET:-release}
  steps 3
  {
    install_sets build
    build_preset "$preset" lares
  } >"$logs/run.log" 2>&1 || {
    cat "$logs/run.log" >&2
    exit 1
  }
  exec "build/$preset/bin/lares" "$@"
}
