# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash

command_install() {
  local set
  (($# > 0)) || set -- build test lint
  for set in "$@"; do
    [[ $set =~ ^(build|test|lint|browser|coverage|clean_room)$ ]] || die "there is no set of packages \"$set\""
  done
  steps 1
  install_sets "$@"
}
