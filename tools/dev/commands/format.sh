# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash

command_format() {
  steps 2
  install_sets lint
  step "formatting" tools/lint/format --fix
}
