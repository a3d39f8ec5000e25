// Checks a base back to its genesis from files alone, with no network. Exits with 4 when it is not valid.
//   node --conditions=coldmesh-source examples/verify-a-base.ts --trust GENESIS_CID --data-dir DIR [EXPORTED_DIRECTORY]
import { parseArgs } from 'node:util'
import { openHistory, type VerifyReport, verifyDirectory } from 'coldmesh'

const { values, positionals } = parseArgs({
  options: { trust: { type: 'string' }, 'data-dir': { type: 'string' } },
  allowPositionals: true,
})
const { trust, 'data-dir': dataDir } = values
const [directory] = positionals
// A genesis that came along with the files proves nothing about who made it: its CID must come from somebody you trust.
if (trust === undefined) throw new Error('Give the CID of the genesis that you trust: --trust CID')

const report = await verify()
for (const { round, base, certified, fusion, inputs } of report.rounds) {
  console.info(`round ${round}: ${base}, ${certified ? 'certified' : 'not certified'}, ${inputs} inputs, ${fusion}`)
}
// Oldest first, so the first failure is the first bad link.
for (const { round, link, reason } of report.failures) console.error(`round ${round}, ${link}: ${reason}`)
console.info(`${report.base} is ${report.valid && report.trusted ? 'valid' : 'not valid'}`)

// A bad base is a report and no exception: decide from `valid`, and from `trusted`, which is about the genesis.
if (!report.valid || !report.trusted) process.exitCode = 4

async function verify(): Promise<VerifyReport> {
  // `full` fuses every round again from its contributions and compares the bytes; `signatures` reads kilobytes only.
  const options = { level: 'full', ...(trust === undefined ? {} : { trust }) } as const
  if (directory !== undefined) {
    // One base's files do not hold the rounds before it; a data directory that does may be given beside.
    return await verifyDirectory(directory, { ...options, ...(dataDir === undefined ? {} : { dataDir }) })
  }
  if (dataDir === undefined) throw new Error('Give an exported directory, or a data directory: --data-dir DIR')
  // Holds the directory's lock, so no daemon can run on it meanwhile; closed at the end of this function.
  await using history = await openHistory(dataDir)
  return await history.verify(history.head.base, options)
}
