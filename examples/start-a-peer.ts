// Runs a peer until Ctrl-C, and prints what it waits for.
//   node --conditions=coldmesh-source examples/start-a-peer.ts DATA_DIR [INVITE]
import { createPeer } from 'coldmesh'

const [dataDir, invite] = process.argv.slice(2)
if (dataDir === undefined) throw new Error('Give a data directory, and an invite when the directory is new.')

// One signal ends everything: the search for the network, and the loop below.
const stopping = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => stopping.abort())

// `await using` stops the peer however this file ends, so that its lock and its ports are free again.
await using peer = await createPeer({
  dataDir,
  // The data directory remembers its network, so the invite is needed once.
  ...(invite === undefined ? {} : { network: invite }),
  // For a network on one machine. Leave these three out to be found from elsewhere.
  listen: ['/ip4/127.0.0.1/tcp/0'],
  mdns: false,
  dht: false,
  signal: stopping.signal,
})

printStatus()
console.info(`invite ${peer.invite()}`)

// A peer needs no loop to do its work: it fetches, serves and votes by itself. This one only watches.
for await (const event of peer.events({ signal: stopping.signal })) {
  if (event.type === 'fused') console.info(`round ${event.round} certified base ${event.base}`)
  if (event.type === 'peer' || event.type === 'waiting' || event.type === 'fused') printStatus()
}

// The last line is true only if stopping worked, so it is printed after it. (Stopping twice does nothing.)
await peer.stop()
console.info('stopped')

function printStatus(): void {
  const { round, phase, peers, base, waitingFor } = peer.status()
  // A round that stands still always says for what: a number that is there, and one that is needed.
  const wait = waitingFor === null ? 'nothing' : `${waitingFor.what} (${waitingFor.have} of ${waitingFor.need})`
  console.info(`status round ${round}, ${phase}, ${peers} peers, base ${base}, waits for ${wait}`)
}
