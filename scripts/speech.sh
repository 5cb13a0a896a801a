#!/usr/bin/env bash
# Fetches the weights with which the sandbox understands words, and the npm to fetch them with, where they are missing.
# Ends with 1 when something is missing afterwards.
# Usage: scripts/speech.sh VENV
set -euo pipefail
venv=$(cd "$1" && pwd)

if "$venv/bin/limi" speech status >/dev/null; then exit; fi
if [ ! -x "$venv/node/bin/npm" ]; then
  # Of three packages two come by pip, so that this failing is no reason not to try; what is missing is told below.
  "$(dirname "$0")/node.sh" "$venv" || true
fi
PATH="$venv/node/bin:$PATH" "$venv/bin/limi" speech install
