# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the scripts in this folder share: which llama.cpp, and where its parts are kept. Sourced, never run.

llama_version=v0.5.0
llama_commit=de3ff815ea7d559ee917f063901b8986f038abc6

# The source travels as a git bundle inside an npm package, so that no access to a git host is needed.
llama_package=node-llama-cpp@3.22.1
llama_package_file=node-llama-cpp-3.22.1.tgz
llama_package_sha256=a0d9dd80eacd2ab1cfe71aee57ac8a806487fd70b3d2a38fbec637752d9e5c5f
llama_bundle_path=package/llama/gitRelease.bundle
llama_bundle_sha256=5f5d1105d5df040738d87b8290e5d17e7362131cdcfdb0831618e0ea528b4a51

llama_tools=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${LARES_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/lares}
llama_cc=${LARES_LLAMA_CC:-gcc}
llama_cxx=${LARES_LLAMA_CXX:-g++}

die() {
  echo "${0##*/}: $*" >&2
  exit 1
}

sha256_of() { sha256sum "$1" | cut -d' ' -f1; }

# Prints one line that names the source: the pinned commit, or what a directory of the builder's contains.
llama_source_id() {
  local dir=${LARES_LLAMA_SOURCE:-}
  if [[ -z $dir ]]; then
    echo "$llama_commit"
    return
  fi
  [[ -f $dir/include/llama.h ]] || die "LARES_LLAMA_SOURCE=$dir holds no llama.cpp (no include/llama.h)"
  if [[ $(git -C "$dir" rev-parse HEAD 2>/dev/null) == "$llama_commit" &&
    -z $(git -C "$dir" status --porcelain 2>/dev/null) ]]; then
    echo "$llama_commit"
  else
    (cd "$dir" && find CMakeLists.txt cmake common ggml include src tools/mtmd vendor -type f -print0 |
      sort -z | xargs -0 sha256sum | sha256sum | cut -d' ' -f1)
  fi
}

# The configure flags, one a line. Everything that changes the code built stands here, and so in the key.
llama_flags() {
  printf '%s\n' -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=OFF -DGGML_NATIVE="${LARES_LLAMA_NATIVE:-ON}" \
    -DGGML_OPENMP=OFF -DLLAMA_BUILD_COMMON=OFF -DLLAMA_BUILD_MTMD=ON -DLLAMA_BUILD_TESTS=OFF \
    -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_TOOLS=OFF -DLLAMA_BUILD_SERVER=OFF -DLLAMA_BUILD_APP=OFF \
    -DLLAMA_OPENSSL=OFF -DLLAMA_SUBPROCESS=OFF -DLLAMA_USE_PREBUILT_UI=OFF
  if [[ ${LARES_CUDA:-0} == 1 ]]; then
    local nvcc
    nvcc=$(llama_nvcc) || return 1
    # The architectures are always named: "native" fails where no GPU is present, and the default list is 7x the work.
    printf '%s\n' -DGGML_CUDA=ON -DGGML_CUDA_NCCL=OFF \
      "-DCMAKE_CUDA_ARCHITECTURES=${LARES_CUDA_ARCHITECTURES:-80;90}" \
      "-DCMAKE_CUDA_COMPILER=$nvcc"
  fi
}

llama_nvcc() {
  local nvcc
  nvcc=$(command -v nvcc || true)
  [[ -z $nvcc && -x /usr/local/cuda/bin/nvcc ]] && nvcc=/usr/local/cuda/bin/nvcc
  [[ -n $nvcc ]] || die "LARES_CUDA=1 needs the CUDA toolkit (nvcc in PATH or in /usr/local/cuda/bin)"
  echo "$nvcc"
}

# The compiler's predefined macros under -march=native hold both its version and the CPU's features as it sees them.
llama_key() {
  command -v "$llama_cxx" >/dev/null || die "no compiler $llama_cxx; \`./dev build\` installs one"
  local source_id flags nvcc=''
  # Assigned one by one: a failure inside a group that feeds a pipe would go unseen.
  source_id=$(llama_source_id) || exit 1
  flags=$(llama_flags) || exit 1
  [[ ${LARES_CUDA:-0} != 1 ]] || nvcc=$("$(llama_nvcc)" --version)
  {
    echo "$source_id"
    echo "$flags"
    "$llama_cxx" -march=native -E -dM -xc++ - </dev/null
    cat "$llama_tools/CMakeLists.txt"
    find "$llama_tools/patches" -name '*.patch' | sort | xargs -r cat
    [[ -z $nvcc ]] || echo "$nvcc"
  } | sha256sum | cut -c1-16
}
