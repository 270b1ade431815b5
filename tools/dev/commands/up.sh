# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# ./dev up: from a bare machine to an answer.

command_up() {
  (($# == 0)) || die "\`./dev up\` takes no arguments; see LARES_PORT and LARES_DATA in \`./dev help\`"
  steps 6
  install_sets build
  build_preset release lares
  step "fetching the default model (98 MB, once)" fetch_model
  step "converting it to Q8_0 (once)" convert_model build/release/bin/lares
  serve_until_stopped build/release/bin/lares "${LARES_PORT:-8080}"
}

# Starts the server, waits until it is ready, says how to talk to it, and stays until it ends.
serve_until_stopped() {
  local lares=$1 port=$2 url=http://127.0.0.1:$2 server started=$SECONDS
  steps_done=$((steps_done + 1))
  echo "[$steps_done/$steps_total] serving $model_default on $url"
  "$lares" serve "$model_default" --port "$port" --data "$data" &
  server=$!
  # The terminal's Ctrl-C reaches the server too; this script only has to outlive its drain.
  trap 'kill -TERM "$server" 2>/dev/null || true' TERM
  trap : INT
  # Its own life is looked at first: what answers on the port may be somebody else's server.
  until kill -0 "$server" 2>/dev/null &&
    [[ $(curl -s -o /dev/null -w '%{http_code}' --noproxy '*' --max-time 2 "$url/readyz") == 200 ]]; do
    kill -0 "$server" 2>/dev/null || {
      wait "$server" || die "the server ended before it was ready; its message stands above"
      exit 0
    }
    ((SECONDS - started < 300)) || {
      kill -TERM "$server"
      die "the server was not ready after 5 minutes"
    }
    sleep 0.2
  done
  cat <<READY

Ready after $(clock "$SECONDS"). Ask it something from another terminal:

curl $url/v1/chat/completions -H 'Content-Type: application/json' -d '{"messages": [{"role": "user", "content": "Name three primary colours."}], "temperature": 0, "model": "$(basename "$model_default" .gguf)"}'

Stop it with Ctrl-C.
READY
  local rc=0
  # A signal to this script ends one `wait`; the server's own end is what counts.
  wait "$server" || rc=$?
  while kill -0 "$server" 2>/dev/null; do wait "$server" && rc=0 || rc=$?; done
  return "$rc"
}
