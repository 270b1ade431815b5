# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The Debian 12 packages, in sets. A word "command=package" is installed only where that command is missing.
# Each library has its row, with the reason, in docs/dependencies.md.

packages_build=(
  g++ cmake ninja-build ccache mold pkg-config git=git ca-certificates curl=curl npm=npm python3 python3-venv
  libboost1.81-dev libssl-dev zlib1g-dev libcurl4-openssl-dev
  libedit-dev nlohmann-json3-dev libsimdjson-dev prometheus-cpp-dev libspdlog-dev libfmt-dev libyaml-cpp-dev libcli11-dev
  libprotobuf-dev protobuf-compiler libseccomp-dev
  libgtest-dev libgmock-dev libbenchmark-dev
)
packages_test=(openssl=openssl nginx=nginx-light python3-torch)
packages_lint=(clang-19 clang-tidy-19 clang-format-19 libclang-rt-19-dev shellcheck)
packages_browser=(chromium chromium-driver)
packages_coverage=(gcovr)
packages_clean_room=(mmdebstrap)

as_root() {
  if ((EUID == 0)); then
    "$@"
  else
    command -v sudo >/dev/null || die "installing packages needs root: become root, or install sudo"
    sudo "$@"
  fi
}

# Prints those of the sets' packages that are not installed.
missing_packages() {
  local set word command wanted=() installed
  for set in "$@"; do
    local -n words=packages_$set
    for word in "${words[@]}"; do
      command=${word%%=*}
      if [[ $word == *=* ]] && PATH=$PATH:/usr/sbin:/sbin command -v "$command" >/dev/null; then continue; fi
      wanted+=("${word#*=}")
    done
  done
  installed=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' "${wanted[@]}" 2>/dev/null |
    sed -n 's/^ii *//p' || true)
  comm -23 <(printf '%s\n' "${wanted[@]}" | sort -u) <(sort -u <<<"$installed")
}

# Daemons that a package brings must not start on a developer's machine.
apt_install() {
  local policy=/usr/sbin/policy-rc.d ours=0 rc=0
  if [[ ! -e $policy ]]; then
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
    ours=1
  fi
  apt_update_if_old &&
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 \
      install -y --no-install-recommends "$@" || rc=$?
  ((ours == 0)) || as_root rm -f "$policy"
  return "$rc"
}

apt_update_if_old() {
  if [[ -z $(find /var/lib/apt/lists -maxdepth 1 -name '*_Packages*' -mmin -1440 2>/dev/null | head -n 1) ]]; then
    as_root apt-get -o DPkg::Lock::Timeout=300 update
  fi
}

install_sets() {
  command -v dpkg-query >/dev/null ||
    die "this is not a Debian system; install what tools/dev/packages.sh lists by your own means, then ./dev build"
  local missing
  mapfile -t missing < <(missing_packages "$@")
  if ((${#missing[@]} == 0)); then
    note_step "packages are all there ($*)"
  else
    step "installing ${#missing[@]} packages ($*)" apt_install "${missing[@]}"
  fi
}
