# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# ./dev test [--full]: the fast tier by default; LARES_TEST_TIER tells the tests which one it is.

command_test() {
  local tier=fast
  case ${1:-} in
    '') ;;
    --full) tier=full ;;
    *) die "\`./dev test\` knows only --full" ;;
  esac
  export LARES_TEST_TIER=$tier
  local e2e=0
  [[ ! -x tests/e2e/run ]] || e2e=1
  steps $((6 + 4 * e2e))
  install_sets build test
  build_preset dev all
  step "fetching the default model (98 MB, once)" fetch_model
  step "converting it to Q8_0 (once)" convert_model build/dev/bin/lares
  export LARES_TEST_MODEL=$model_default LARES_TEST_MODEL_ORIGINAL=$model_original
  live_step "unit tests, corpora, layers" run_ctest dev --progress
  ((e2e == 1)) || return 0
  step "test clients: OpenAI for Python and Node" install_clients
  step "embedding and ranking models (once)" make_embedding_models
  LARES_TEST_EMBEDDING=$(embedding_models_dir)
  export LARES_TEST_EMBEDDING
  step "llama.cpp's own llama-completion (once)" tools/llama/build-completion
  export LARES_BIN=$root/build/dev/bin/lares
  LARES_E2E_PYTHON=$(clients_dir)/venv/bin/python
  LARES_E2E_NODE_MODULES=$(clients_dir)/node_modules
  export LARES_E2E_PYTHON LARES_E2E_NODE_MODULES
  live_step "end to end ($tier tier)" tests/e2e/run
}

# One folder per set of pins, so that two branches do not overwrite each other's.
clients_dir() { echo "$cache/clients-$(cat tests/clients/* | sha256sum | cut -c1-16)"; }

install_clients() {
  local dir part
  dir=$(clients_dir)
  [[ ! -f $dir/.complete ]] || return 0
  rm -rf "$dir"
  mkdir -p "$dir"
  /usr/bin/python3 -m venv "$dir/venv"
  "$dir/venv/bin/python" -m pip install --quiet --no-deps -r tests/clients/requirements.txt
  cp tests/clients/package.json tests/clients/package-lock.json "$dir/"
  (cd "$dir" && npm ci --silent --ignore-scripts)
  touch "$dir/.complete"
}
