# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The models of the tests for embeddings and ranking: made once, by tests/embedding/make_models.py.

# One folder per state of what makes them, so that two branches do not overwrite each other's.
embedding_models_dir() { echo "$cache/embedding-$(cat tests/embedding/* tools/llama/pin.sh | sha256sum | cut -c1-16)"; }

make_embedding_models() {
  local dir source
  dir=$(embedding_models_dir)
  [[ ! -f $dir/reference.json ]] || return 0
  source=$(tools/llama/fetch)
  rm -rf "$dir"
  mkdir -p "$dir"
  # With Debian's torch and numpy.
  /usr/bin/python3 -m venv --system-site-packages "$dir/venv"
  "$dir/venv/bin/python" -m pip install --quiet --no-deps -r tests/embedding/requirements.txt
  "$dir/venv/bin/python" tests/embedding/make_models.py "$dir" "$source"
  rm -rf "$dir/venv"
}
