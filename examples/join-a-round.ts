// Contributes to one round with a dataset of your own, and says what came of it.
//   node --conditions=coldmesh-source examples/join-a-round.ts DATA_DIR INVITE DATA.csv
import { createPeer, openDataset } from 'coldmesh'

const [dataDir, invite, file] = process.argv.slice(2)
if (dataDir === undefined || invite === undefined || file === undefined) {
  throw new Error('Give a data directory, an invite and a CSV with the columns text and label.')
}

// Before anything else: a wrong column should not first cost a search for the network. The rows never leave this machine.
const dataset = await openDataset(file, { text: 'text', label: 'label' })
console.info(`${dataset.examples.length} rows, ${dataset.labels.length} labels`)

// An invite is all that a new peer needs: it names the network and somebody to ask.
await using peer = await createPeer({
  dataDir,
  network: invite,
  // For a network on one machine. Leave these three out to be found from elsewhere.
  listen: ['/ip4/127.0.0.1/tcp/0'],
  mdns: false,
  dht: false,
})

const joining = peer.join({
  dataset,
  // A plan is plain data and part of the contribution: everybody can see how it was trained. Small, as the data is.
  plan: { steps: 20, batch: 16, maxTokens: 32, evaluateEvery: 0 },
  rounds: 1,
  // A round waits for others. Here is how long we do.
  signal: AbortSignal.timeout(600_000),
})

// The work goes on whether or not anybody looks: this loop is for people.
for await (const event of joining) {
  if (event.type === 'trained') console.info(`trained: held-out accuracy ${event.after.toFixed(3)}`)
  if (event.type === 'announced') console.info(`announced ${event.id}`)
  if (event.type === 'waiting') console.info(`waits for ${event.wait.what}: ${event.wait.have} of ${event.wait.need}`)
}

// A contribution can be left out, for a reason that is in the lineage for everyone to see.
const { base, rounds } = await joining.result
for (const { round, included, reason } of rounds) {
  console.info(`round ${round}: ${included ? 'included' : `left out: ${reason}`}`)
}
console.info(`base ${base}`)
