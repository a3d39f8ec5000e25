// Checks a base back to its genesis from files alone, with no network. Exits with 4 when it is not valid.
//   node --conditions=coldmesh-source examples/verify-a-base.ts --trust GENESIS_CID --data-dir DIR [EXPORTED_DIRECTORY | ARCHIVE.car]
import { statSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { openHistory, type VerifyReport, verifyArchive, verifyDirectory } from 'coldmesh'

const { values, positionals } = parseArgs({
  options: {
    trust: { type: 'string', multiple: true },
    'data-dir': { type: 'string' },
    level: { type: 'string', default: 'full' },
  },
  allowPositionals: true,
})
const { trust = [], 'data-dir': dataDir } = values
const [path] = positionals
// What came along with the files proves nothing about who made them: this must come from somebody you trust.
if (trust.length === 0) throw new Error('Say whom you trust: --trust with a genesis CID, or keys of members')
const trustKeys = trust.filter((text) => /^[0-9a-f]{64}$/.test(text))
const [genesis] = trust.filter((text) => !trustKeys.includes(text))

const report = await verify()
for (const { round, base, certified, fusion, inputs } of report.rounds) {
  console.info(`round ${round}: ${base}, ${certified ? 'certified' : 'not certified'}, ${inputs} inputs, ${fusion}`)
}
// Oldest first, so the first failure is the first bad link.
for (const { round, link, reason } of report.failures) console.error(`round ${round}, ${link}: ${reason}`)
console.info(`${report.base} is ${report.valid && report.trusted ? 'valid' : 'not valid'}`)

// A bad base is a report and no exception: decide from `valid`, and from `trusted`, which is about whom you named.
if (!report.valid || !report.trusted) process.exitCode = 4

async function verify(): Promise<VerifyReport> {
  // `full` fuses every round again and compares the bytes, `sample` some leaves of each; `signatures` reads kilobytes only.
  const level = (['signatures', 'sample'] as const).find((name) => name === values.level) ?? 'full'
  const options = { level, trustKeys, ...(genesis === undefined ? {} : { trust: genesis }) } as const
  const beside = dataDir === undefined ? {} : { dataDir }
  // An archive has the rounds before in it; `everything` needs nothing else.
  if (path !== undefined && statSync(path).isFile()) return await verifyArchive(path, { ...options, ...beside })
  // One base's files do not: a data directory that has them may be given beside.
  if (path !== undefined) return await verifyDirectory(path, { ...options, ...beside })
  if (dataDir === undefined)
    throw new Error('Give an archive, an exported directory, or a data directory: --data-dir DIR')
  // Holds the directory's lock, so no daemon can run on it meanwhile; closed at the end of this function.
  await using history = await openHistory(dataDir)
  return await history.verify(history.head.base, options)
}
