# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash

command_coverage() {
  steps 5
  install_sets build test coverage
  build_preset coverage all
  live_step "unit tests" run_ctest coverage --progress --label-exclude shape
  step "report" gcovr --root . --filter src/ --exclude '.*_(test|fuzz|bench)\.cc' --html-details \
    build/coverage/report.html --txt build/coverage/report.txt build/coverage
  tail -n 3 build/coverage/report.txt
  echo "The report: build/coverage/report.html"
}
