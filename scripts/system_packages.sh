#!/usr/bin/env bash
# Installs the Debian packages that tests and benchmarks need beside Python, where one is missing and that can be
# done; elsewhere it says what is missing. Nobody uses the services that Debian would start: tests start their own.
# Usage: scripts/system_packages.sh NAME…   NAME is redis-server, postgresql, prometheus or systemd
set -euo pipefail

# What a package is wanted for may have come another way, and PostgreSQL's programs are in nobody's path on Debian.
is_there() {
  case $1 in
    redis-server) command -v redis-server || command -v valkey-server ;;
    postgresql) { command -v initdb && command -v postgres; } || compgen -G "/usr/lib/postgresql/*/bin/initdb" ;;
    # For its promtool, which tests the alerts, and for systemd's judge of units.
    prometheus) command -v promtool ;;
    systemd) command -v systemd-analyze ;;
    *) command -v "$1" ;;
  esac >/dev/null
}

install_packages() {
  local policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    # Debian's own way of saying that a package must start no service (invoke-rc.d(8)); gone again afterwards.
    trap 'rm -f '"$policy" EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
  fi
  # A fresh machine has no list of packages yet.
  apt-get update -qq >&2
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >&2
}

missing=()
for name in "$@"; do
  if ! is_there "$name"; then missing+=("$name"); fi
done
if [ ${#missing[@]} = 0 ]; then exit 0; fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  install_packages "${missing[@]}"
else
  echo "Missing: ${missing[*]}. Install what has these names on Debian; nothing has to be started." >&2
  exit 1
fi
