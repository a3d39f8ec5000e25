#!/usr/bin/env bash
# Compares our CIDs with those of Kubo, the other implementation of the UnixFS profile.
#
#   test/reference/kubo/check.sh          builds Kubo once (minutes), then compares every golden file and directory
#   test/reference/kubo/check.sh --build  only builds, and prints the path of the binary
#
# Needs Go, and the Go module proxy for the first build. COLDMESH_CACHE moves what is kept (default ~/.cache/coldmesh).
set -euo pipefail

readonly KUBO_VERSION=v0.43.0
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repository=$(cd "$here/../../.." && pwd)
cache=${COLDMESH_CACHE:-$HOME/.cache/coldmesh}/kubo
ipfs=$cache/ipfs
export PATH="$repository/node_modules/.bin:$PATH"

# A kept binary of another version is built again.
if [[ ! -x $ipfs || $("$ipfs" version --number) != "${KUBO_VERSION#v}" ]]; then
  mkdir -p "$cache"
  echo "building Kubo $KUBO_VERSION in $cache" >&2
  (
    cd "$cache"
    export GOFLAGS=-mod=mod
    [[ -f go.mod ]] || go mod init scratch
    go mod edit -require="github.com/ipfs/kubo@$KUBO_VERSION"
    nice -n 10 go build -o ipfs.part github.com/ipfs/kubo/cmd/ipfs
    mv ipfs.part ipfs
  ) >&2
fi
if [[ ${1:-} == --build ]]; then
  echo "$ipfs"
  exit 0
fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export IPFS_PATH=$scratch/repo
"$ipfs" init --empty-repo --profile=unixfs-v1-2025 >/dev/null

passed=0
failed=0
files=0
directories=0
# Process substitution would hide a failure of our own side.
node "$here/golden.ts" list >"$scratch/ours"
while IFS=$'\t' read -r kind title frozen ours; do
  if [[ $kind == file ]]; then
    theirs=$(node "$here/golden.ts" emit "$files" | "$ipfs" add --only-hash --quieter)
    files=$((files + 1))
  else
    node "$here/golden.ts" plant "$directories" "$scratch/tree-$directories"
    theirs=$("$ipfs" add --only-hash --quieter --recursive "$scratch/tree-$directories")
    directories=$((directories + 1))
  fi
  if [[ $frozen == "$ours" && $frozen == "$theirs" ]]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "$kind '$title' differs: frozen $frozen, ours $ours, Kubo $theirs" >&2
  fi
done <"$scratch/ours"

echo "$passed passed, $failed failed (Kubo $("$ipfs" version --number))"
[[ $failed == 0 && $passed -gt 0 ]]
