#!/usr/bin/env bash
# Packs the clients into dist/, for applications outside this checkout, and says how to install them from there.
# Usage: scripts/packages.sh VENV
set -euo pipefail
cd "$(dirname "$0")/.."
venv=$1

if [ ! -x "$venv/node/bin/npm" ]; then scripts/node.sh "$venv"; fi
PATH="$(cd "$venv/node/bin" && pwd):$PATH"
export PATH
# A developer's node_modules has all of it already; `make serve` leaves only what the voice page needs.
if ! npm ls --all >/dev/null 2>&1; then npm ci --ignore-scripts --loglevel error; fi

rm -rf dist
mkdir dist
# In the order in which they need one another.
for name in client react vue react-native electron; do
  echo "Packing @limi-ai/$name …"
  built=$(npm run build --workspace "@limi-ai/$name" --silent 2>&1) || { echo "$built" >&2; exit 1; }
  npm pack --workspace "@limi-ai/$name" --pack-destination dist --loglevel error >/dev/null
done
echo "Packing limi-ai-client for Python …"
"$venv/bin/python" -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir dist clients/python

here=$(pwd)/dist
client=$(basename dist/limi-ai-client-*.tgz)
echo "The packages are in $here. In your application, for a page without a framework:"
echo "  npm install $here/$client @openai/agents-realtime zod"
echo "for React, and in the same way for Vue, React Native and Electron:"
echo "  npm install $here/$client $here/$(basename dist/limi-ai-react-*.tgz) @openai/agents-realtime zod"
echo "for Python:"
echo "  pip install '$here/$(basename dist/limi_ai_client-*.whl)[voice]'"
