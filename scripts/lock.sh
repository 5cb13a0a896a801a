#!/usr/bin/env bash
# Renews the lock files: every version with the hashes of its files, and no download address.
set -euo pipefail
tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
"${PYTHON:-python3}" -m venv "$tools"
"$tools/bin/python" -m pip install --quiet pip-tools

compile() {
  CUSTOM_COMPILE_COMMAND="make lock" "$tools/bin/pip-compile" --quiet --upgrade --generate-hashes --strip-extras \
    --allow-unsafe --no-emit-index-url --no-emit-find-links --no-emit-trusted-host "$@" pyproject.toml \
    scripts/older-pythons.in
}
compile --extra sandbox --extra speech --extra brain --extra otel --output-file requirements.lock
compile --extra sandbox --extra speech --extra brain --extra otel --extra dev --constraint requirements.lock \
  --output-file requirements-dev.lock
