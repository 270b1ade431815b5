# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Shows what runs and how long it took: "[2/6] building llama.cpp  1:42".

cache=${LARES_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/lares}
data=${LARES_DATA:-${XDG_DATA_HOME:-$HOME/.local/share}/lares}
jobs=${LARES_JOBS:-$(nproc)}
logs=$cache/logs
export LARES_CACHE=$cache LARES_DATA=$data
mkdir -p "$logs"

steps_total=0
steps_done=0
# With keep_going=1 a failed step is remembered and the next one runs; finish_steps then fails.
keep_going=0
steps_failed=()

die() {
  echo "dev: $*" >&2
  exit 1
}

steps() { steps_total=$1; }

clock() { printf '%d:%02d' $(($1 / 60)) $(($1 % 60)); }

# step TEXT COMMAND...: the output goes to a log, of which a failure shows the end.
step() {
  local text=$1 label log started=$SECONDS rc=0
  shift
  steps_done=$((steps_done + 1))
  label="[$steps_done/$steps_total] $text"
  log=$logs/${text//[^A-Za-z0-9]/-}.log
  if [[ -t 1 ]]; then printf '%s ' "$label"; else echo "$label ..."; fi
  # Not as the condition of an `if`: that would switch `set -e` off inside the command.
  set +e
  (
    set -e
    "$@"
  ) 2>&1 </dev/null | tee "$log" | LARES_PROGRESS_LABEL="$label" tools/progress
  rc=${PIPESTATUS[0]}
  set -e
  [[ ! -t 1 ]] || printf '\r\033[K'
  if ((rc != 0)); then
    echo "$label  failed after $(clock $((SECONDS - started)))"
    tail -n 60 "$log"
    echo "The whole log: $log"
    ((keep_going == 1)) || exit "$rc"
    steps_failed+=("$text")
    return 0
  fi
  echo "$label  $(clock $((SECONDS - started)))"
}

# note_step TEXT: a step with nothing to do.
note_step() {
  steps_done=$((steps_done + 1))
  echo "[$steps_done/$steps_total] $1"
}

finish_steps() {
  ((${#steps_failed[@]} > 0)) || return 0
  printf 'failed:%s\n' "$(printf ' %s;' "${steps_failed[@]}")"
  exit 1
}

# live_step TEXT COMMAND...: like step, but the output is what the reader came for.
live_step() {
  local text=$1 started=$SECONDS rc=0
  shift
  steps_done=$((steps_done + 1))
  echo "[$steps_done/$steps_total] $text"
  set +e
  (
    set -e
    "$@"
  )
  rc=$?
  set -e
  if ((rc != 0)); then
    echo "[$steps_done/$steps_total] $text  failed after $(clock $((SECONDS - started)))"
    exit "$rc"
  fi
  echo "[$steps_done/$steps_total] $text  $(clock $((SECONDS - started)))"
}
