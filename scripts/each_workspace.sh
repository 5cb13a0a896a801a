#!/usr/bin/env bash
# Runs an npm script in every workspace that has it, and ends with the first that fails, whose output is then the
# last there is. `npm run --workspaces` goes on with the others, and what failed is pages above the end.
# Usage: scripts/each_workspace.sh SCRIPT
set -euo pipefail
cd "$(dirname "$0")/.."
workspaces=$(npm query .workspace | node -p 'JSON.parse(fs.readFileSync(0)).map((found) => found.location).join(" ")')
for workspace in $workspaces; do
  npm run "$1" --if-present --workspace "$workspace" || { echo "$workspace: npm run $1 failed." >&2; exit 1; }
done
