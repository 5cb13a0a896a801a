#!/usr/bin/env bash
# Builds the voice page into src/limi/web where it is missing or older than its sources, with Node and the packages
# it needs and no others. Ends with 1 when there is no page afterwards that belongs to the sources.
# Usage: scripts/web.sh VENV
set -euo pipefail
cd "$(dirname "$0")/.."
venv=$1
page=src/limi/web/index.html
sources=(package-lock.json tsconfig.base.json web/src web/index.html web/vite.config.ts web/package.json clients/typescript/{core,react}/src)

is_built() {
  [ -e "$page" ] && [ -z "$(find "${sources[@]}" -name node_modules -prune -o -type f -newer "$page" -print -quit)" ]
}

# A developer's node_modules holds what the page needs and more, which `npm ci` would throw away.
is_installed() { [ -d node_modules ] && npm ls --workspace web --omit dev --all >/dev/null 2>&1; }

if is_built; then exit; fi
echo "Building the voice page …"
if [ ! -x "$venv/node/bin/npm" ]; then scripts/node.sh "$venv"; fi
PATH="$(cd "$venv/node/bin" && pwd):$PATH"
export PATH
if ! is_installed; then
  npm ci --workspace web --omit dev --ignore-scripts --loglevel error
fi
npm run build --workspace web --silent -- --logLevel warn
