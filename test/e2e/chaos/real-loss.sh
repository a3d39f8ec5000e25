#!/bin/sh
# The same daemons on links that really lose packets, in a network of their own: 16% of what passes loopback, twice for each way
# through the proxy (29% in all). As root, with nftables and util-linux:
#   sh test/e2e/chaos/real-loss.sh [percent]
percent="${1:-16}"
cd "$(dirname "$0")/../../.." || exit 1
exec unshare --net sh -c "
  ip link set lo up
  nft add table inet chaos
  nft 'add chain inet chaos out { type filter hook output priority 0; }'
  nft 'add rule inet chaos out numgen random mod 100 < $percent counter drop'
  COLDMESH_CHAOS=loss node_modules/.bin/node --conditions=coldmesh-source --test test/e2e/chaos/seven-daemons.test.ts
  status=\$?
  nft list table inet chaos
  exit \$status
"
