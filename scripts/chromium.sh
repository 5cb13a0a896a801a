#!/usr/bin/env bash
# Prints where Chromium is, and installs Debian's where it is missing and that can be done.
# Usage: scripts/chromium.sh
set -euo pipefail

find_chromium() {
  if [ -n "${LIMI_CHROMIUM:-}" ]; then
    echo "$LIMI_CHROMIUM"
    return
  fi
  for name in chromium chromium-browser google-chrome; do
    if command -v "$name"; then return; fi
  done
  return 1
}

if ! find_chromium; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq >&2
    apt-get install -y -qq --no-install-recommends chromium >&2
    find_chromium
  else
    echo "Chromium is missing: install it, or set LIMI_CHROMIUM to where it is." >&2
    exit 1
  fi
fi
