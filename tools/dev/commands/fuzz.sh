# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# ./dev fuzz [TARGET] [SECONDS]: what is found is kept in the cache between runs; the seeds are in tests/fuzz/corpus.

command_fuzz() {
  local only='' seconds=60 word targets target
  for word in "$@"; do
    if [[ $word =~ ^[0-9]+$ ]]; then seconds=$word; else only=$word; fi
  done
  mapfile -t targets < <(find src -name '*_fuzz.cc' -printf '%f\n' | sed 's/\.cc$//' | sort)
  ((${#targets[@]} > 0)) || die "there are no fuzz targets (src/**/*_fuzz.cc)"
  if [[ -n $only ]]; then
    [[ " ${targets[*]} " == *" $only "* ]] || die "there is no fuzz target $only; there are: ${targets[*]}"
    targets=("$only")
  fi
  steps $((3 + ${#targets[@]}))
  install_sets build lint
  build_preset fuzz "${targets[@]}"
  for target in "${targets[@]}"; do
    live_step "$target for $seconds s" fuzz_one "$target" "$seconds"
  done
}

fuzz_one() {
  local target=$1 seconds=$2 found=$cache/fuzz/$1 options=()
  mkdir -p "$found" "tests/fuzz/corpus/$target" build/fuzz/crashes
  [[ ! -f tests/fuzz/$target.dict ]] || options+=(-dict="tests/fuzz/$target.dict")
  "build/fuzz/bin/$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=65536 \
    -print_final_stats=1 -verbosity=0 -artifact_prefix="build/fuzz/crashes/$target-" "${options[@]}" \
    "$found" "tests/fuzz/corpus/$target" || {
    echo "An input that breaks $target lies in build/fuzz/crashes/; mend it, then keep it in tests/fuzz/corpus/$target/."
    return 1
  }
}
