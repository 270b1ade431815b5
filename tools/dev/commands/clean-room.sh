# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# ./dev clean-room [test|up]: the two commands in a bare Debian 12 root: what is installed here proves nothing.
# LARES_KEEP_ROOM=1 leaves the root for a look.

command_clean_room() {
  local which=${1:-all}
  [[ $which =~ ^(all|test|up)$ ]] || die "clean-room knows test and up"
  ((EUID == 0)) || die "clean-room needs root, for chroot and mounts"
  case $which in all) steps 6 ;; test) steps 4 ;; up) steps 5 ;; esac
  install_sets clean_room
  room=$(mktemp -d /var/tmp/lares-clean-room.XXXXXX)
  [[ -n ${LARES_KEEP_ROOM:-} ]] || trap 'rm -rf --one-file-system "$room"' EXIT
  step "a bare Debian 12 root" room_create
  step "the machine's settings and the sources" room_furnish
  [[ $which == up ]] || live_step "./dev test in the clean room" in_room ./dev test
  [[ $which == test ]] || live_step "./dev up in the clean room, from nothing to an answer" in_room tools/dev/try-up
  [[ $which == test ]] || live_step "./dev up again, nothing changed" in_room tools/dev/try-up
}

# Prints the machine's own package sources, but only those of the distribution: others need what is not there yet.
room_sources() {
  /usr/bin/python3 - <<'PYTHON'
import glob, re
suites = {"bookworm", "bookworm-updates", "bookworm-security", "bookworm-backports"}
for name in sorted(glob.glob("/etc/apt/sources.list") + glob.glob("/etc/apt/sources.list.d/*")):
    text = open(name, encoding="utf-8").read()
    if name.endswith(".sources"):
        for block in re.split(r"\n\s*\n", text):
            fields = dict(re.findall(r"^(\w[\w-]*):\s*(.*)$", block, re.M))
            if "deb" in fields.get("Types", "").split() and set(fields.get("Suites", "").split()) <= suites:
                for uri in fields["URIs"].split():
                    for suite in fields["Suites"].split():
                        print("deb", uri, suite, fields["Components"])
    else:
        for line in text.splitlines():
            found = re.match(r"deb\s+(?:\[[^]]*\]\s+)?(\S+)\s+(\S+)\s+(.+)$", line)
            if found and found.group(2) in suites:
                print("deb", *found.groups())
PYTHON
}

room_create() {
  room_sources | sort -u >"$logs/room-sources.list"
  [[ -s $logs/room-sources.list ]] || die "this machine has no Debian 12 package source to start from"
  mmdebstrap --variant=minbase --include=git,ca-certificates bookworm "$room" "$logs/room-sources.list"
}

room_furnish() {
  local file npm_global
  cp /etc/resolv.conf /etc/hosts "$room/etc/"
  for file in /etc/apt/apt.conf /etc/apt/auth.conf; do [[ ! -f $file ]] || cp "$file" "$room/etc/apt/"; done
  cp -r /etc/apt/apt.conf.d/. "$room/etc/apt/apt.conf.d/"
  [[ ! -d /etc/apt/auth.conf.d ]] || cp -r /etc/apt/auth.conf.d/. "$room/etc/apt/auth.conf.d/"
  [[ ! -f /etc/pip.conf ]] || cp /etc/pip.conf "$room/etc/"
  [[ ! -d ${HOME}/.config/pip ]] || { mkdir -p "$room/root/.config" && cp -r "$HOME/.config/pip" "$room/root/.config/"; }
  npm_global=$(npm config get globalconfig 2>/dev/null || true)
  cat "$npm_global" "$HOME/.npmrc" 2>/dev/null | grep -v '^ *nodedir' >"$room/root/.npmrc" || true
  # A network with a certificate authority of its own: the trust store is a setting of the machine, too.
  cp -L /etc/ssl/certs/ca-certificates.crt "$room/etc/ssl/certs/ca-certificates.crt"
  [[ ! -d /usr/local/share/ca-certificates ]] ||
    cp -r /usr/local/share/ca-certificates/. "$room/usr/local/share/ca-certificates/"
  mkdir -p "$room/root/lares"
  git ls-files -z --cached --others --exclude-standard | tar --null --ignore-failed-read -T - -cf - |
    tar -C "$room/root/lares" --no-same-owner -xf -
  chroot "$room" sh -c 'cd /root/lares && git init -q && git add -A'
}

# Runs a command in the room, in namespaces of its own: what it mounts and starts ends with it.
in_room() {
  local keep=() name
  while IFS= read -r name; do
    case $name in
      PIP_FIND_LINKS) ;;
      PIP_* | NPM_CONFIG_* | npm_config_* | *_proxy | *_PROXY | SSL_CERT_* | *_CA_BUNDLE | NODE_EXTRA_CA_CERTS | CI)
        keep+=("$name=${!name}") ;;
    esac
  done < <(compgen -e)
  # shellcheck disable=SC2016  # expanded by the inner shell
  unshare --mount --pid --fork --kill-child --propagation private sh -c '
    room=$1; shift
    mount -t proc proc "$room/proc" && mount --rbind /dev "$room/dev" && mount -t sysfs -o ro sys "$room/sys" &&
    mount -t tmpfs tmp "$room/tmp" && exec chroot "$room" "$@"' in_room "$room" \
    /usr/bin/env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
    TERM=dumb LARES_JOBS="$jobs" "${keep[@]}" sh -c 'cd /root/lares && exec "$@"' sh "$@" </dev/null
}
