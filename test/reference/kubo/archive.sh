#!/usr/bin/env bash
# Reads our archives with two tools of others: go-car, the archive and its index; and Kubo, which imports every block and gives each back.
#
#   test/reference/kubo/archive.sh
#
# Builds Kubo as check.sh does, and go-car from the same modules.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repository=$(cd "$here/../../.." && pwd)
cache=${COLDMESH_CACHE:-$HOME/.cache/coldmesh}/kubo
export PATH="$repository/node_modules/.bin:$PATH"
ipfs=$("$here/check.sh" --build)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

mkdir -p "$cache/archive"
cp "$here/archive/main.go" "$cache/archive/main.go"
(cd "$cache" && GOFLAGS=-mod=mod nice -n 10 go build -o "$scratch/read-archive" ./archive) >&2

export IPFS_PATH=$scratch/repo
"$ipfs" init --empty-repo --profile=unixfs-v1-2025 >/dev/null
node --conditions=coldmesh-source "$here/archives.ts" "$scratch" >"$scratch/ours"

passed=0
failed=0
verdict() { if [[ $2 == "$3" ]]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "$1: $2 against $3" >&2; fi; }
while IFS=$'\t' read -r file blocks root; do
  name=$(basename "$file")
  verdict "go-car reads $name by its index" "$("$scratch/read-archive" "$file")" "$blocks"$'\t'"$root"
  said=$("$ipfs" --offline dag import --pin-roots=false --stats "$file")
  verdict "Kubo imports $name" "$(sed -n 's/^Imported \([0-9]*\) blocks.*/\1/p' <<<"$said")" "$blocks"
  "$ipfs" --offline block get "$root" >"$scratch/block"
  verdict "Kubo has what $name is of" "$("$ipfs" --offline dag put --input-codec=dag-cbor --store-codec=dag-cbor <"$scratch/block")" "$root"
done <"$scratch/ours"

printf 'changed' | dd of="$scratch/small-lineage.car" bs=1 seek=3000 conv=notrunc status=none
if "$scratch/read-archive" "$scratch/small-lineage.car" 2>/dev/null; then verdict 'go-car refuses a changed one' read refused; else verdict 'go-car refuses a changed one' refused refused; fi

echo "$passed passed, $failed failed (Kubo $("$ipfs" version --number))"
[[ $failed == 0 && $passed -gt 0 ]]
