#!/usr/bin/env bash
# A stock Kubo and a running coldmesh peer: Kubo fetches a base from it by CID, and computes the same CID for an export.
#
#   test/reference/kubo/fetch.sh RESULT.json     what `coldmesh demo --json --keep` printed
#
# Everything stays on loopback: no routing, no bootstrap, no mDNS.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repository=$(cd "$here/../../.." && pwd)
export PATH="$repository/node_modules/.bin:$PATH"
result=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
ipfs=$("$here/check.sh" --build)
scratch=$(mktemp -d)
export IPFS_PATH=$scratch/repo
kubo= peer=
finish() {
  [[ -z $peer ]] || kill "$peer" 2>/dev/null || true
  [[ -z $kubo ]] || kill "$kubo" 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$scratch"
}
trap finish EXIT
read_json() { node -e 'const v = JSON.parse(require("fs").readFileSync(process.argv[1], "utf8").trim().split("\n").at(-1)); console.log(process.argv[2].split(".").reduce((o, k) => o[k], v))' "$1" "$2"; }

base=$(read_json "$result" base)
data=$(read_json "$result" peers.0.dataDir)
"$repository/node_modules/.bin/node" "$repository/node/coldmesh.js" export "$base" --dir "$data" --out "$scratch/exported" >/dev/null

"$ipfs" init --empty-repo --profile=unixfs-v1-2025 >/dev/null
theirs=$("$ipfs" add --only-hash --quieter --recursive "$scratch/exported")
passed=0 failed=0
verdict() { if [[ $2 == "$3" ]]; then passed=$((passed + 1)); echo "ok   $1"; else failed=$((failed + 1)); echo "FAIL $1: $2 against $3"; fi; }
verdict "Kubo's CID of the exported base" "$theirs" "$base"

"$ipfs" config --json Bootstrap '[]'
"$ipfs" config Routing.Type none
"$ipfs" config --json Discovery.MDNS.Enabled false
"$ipfs" config --json AutoConf.Enabled false
"$ipfs" config --json AutoTLS.Enabled false
"$ipfs" config --json Addresses.Swarm '["/ip4/127.0.0.1/tcp/0"]'
"$ipfs" config Addresses.API /ip4/127.0.0.1/tcp/0
"$ipfs" config Addresses.Gateway /ip4/127.0.0.1/tcp/0
for key in DNS.Resolvers Routing.DelegatedRouters Ipns.DelegatedPublishers; do "$ipfs" config --json "$key" "$([[ $key == DNS.Resolvers ]] && echo '{}' || echo '[]')" || true; done

node "$repository/node/coldmesh.js" daemon --dir "$data" --listen /ip4/127.0.0.1/tcp/0 --no-mdns --no-dht --json >"$scratch/peer.log" 2>&1 &
peer=$!
"$ipfs" daemon >"$scratch/kubo.log" 2>&1 &
kubo=$!
for _ in $(seq 120); do
  grep -q '"event":"ready"' "$scratch/peer.log" && grep -q 'Daemon is ready' "$scratch/kubo.log" && break
  kill -0 "$peer" && kill -0 "$kubo" || { cat "$scratch/peer.log" "$scratch/kubo.log" >&2; exit 1; }
  sleep 0.5
done
address=$(grep -m1 '"event":"ready"' "$scratch/peer.log" | node -e 'console.log(JSON.parse(require("fs").readFileSync(0, "utf8")).multiaddrs[0])')
"$ipfs" swarm connect "$address" >/dev/null
timeout 60 "$ipfs" get --output "$scratch/fetched" "$base" >/dev/null
verdict 'Kubo fetched the base from a running peer, byte for byte' "$(cd "$scratch/fetched" && sha256sum ./* | sort)" "$(cd "$scratch/exported" && sha256sum ./* | sort)"

echo "$passed passed, $failed failed"
[[ $failed == 0 ]]
