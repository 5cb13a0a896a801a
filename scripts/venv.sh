#!/usr/bin/env bash
# Makes a virtual environment with exactly what a lock file names, and this checkout in it.
# Usage: scripts/venv.sh VENV LOCKFILE
set -euo pipefail
venv=$1
lock=$2

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
  for candidate in "${PYTHON:-python3}" python3.14 python3.13 python3.12 python3.11 python3; do
    if command -v "$candidate" >/dev/null && new_enough "$candidate"; then
      echo "$candidate"
      return
    fi
  done
  echo "Limi needs Python 3.11 or newer; set PYTHON to one." >&2
  exit 1
}

# Debian packs the module venv needs apart from Python itself.
provide_venv_module() {
  "$1" -c 'import ensurepip' 2>/dev/null && return
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq && apt-get install -y -qq --no-install-recommends python3-venv
  else
    echo "Python's venv module is missing: install the package python3-venv." >&2
    exit 1
  fi
}

if [ ! -x "$venv/bin/python" ] || ! new_enough "$venv/bin/python"; then
  python=$(find_python)
  provide_venv_module "$python"
  "$python" -m venv --clear "$venv"
fi

echo "Installing what $lock names into $venv …"
export PIP_DISABLE_PIP_VERSION_CHECK=1
if ! "$venv/bin/python" -m pip install --quiet --require-hashes --requirement "$lock"; then
  echo "The packages could not be fetched. Is there a network? Behind a proxy set HTTPS_PROXY, with an index of your own PIP_INDEX_URL." >&2
  exit 1
fi
"$venv/bin/python" -m pip install --quiet --no-deps --editable .
