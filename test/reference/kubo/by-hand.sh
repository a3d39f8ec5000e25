#!/usr/bin/env bash
# Runs what docs/verifying.md shows under "With standard tools only": on a good archive, and on one with a signature that does not hold.
#
#   test/reference/kubo/by-hand.sh
#
# Builds Kubo as check.sh does; needs jq, OpenSSL 3, coreutils, and Python with numpy: python3, or the one that PYTHON names.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repository=$(cd "$here/../../.." && pwd)
ipfs=$("$here/check.sh" --build)
python=${PYTHON:-$(command -v python3)}
export PATH="$(dirname "$ipfs"):$(dirname "$python"):$repository/node_modules/.bin:$PATH" COLDMESH=$repository
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

{
  echo 'set -euo pipefail'
  awk '/^## /{in_section = $0 == "## With standard tools only"} /^```/{in_block = in_section && $0 == "```bash"; next} in_section && in_block' "$repository/docs/verifying.md"
} >"$scratch/lines.sh"
node --conditions=coldmesh-source "$here/by-hand.ts" "$scratch" >"$scratch/archives"

passed=0
failed=0
verdict() { if [[ $2 == "$3" ]]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "$1: $2 against $3" >&2; fi; }
while IFS=$'\t' read -r name genesis signatures ends; do
  mkdir "$scratch/$name.run"
  mv "$scratch/$name.car" "$scratch/$name.run/base.car"
  status=0
  (cd "$scratch/$name.run" && TMPDIR=$PWD GENESIS=$genesis bash "$scratch/lines.sh" >said) 2>"$scratch/errors" || status=$?
  verdict "$name: exit status" "$status" "$ends"
  [[ $status == "$ends" ]] || tail -5 "$scratch/errors" >&2
  verdict "$name: signatures of certificates" "$(grep -c 'signed by member' "$scratch/$name.run/said")" "$signatures"
done <"$scratch/archives"

echo "$passed passed, $failed failed"
[[ $failed == 0 && $passed -gt 0 ]]
