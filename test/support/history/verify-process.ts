import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import type { CID } from 'multiformats/cid'

/**
 * Verifies the newest base of a data directory with a file to resume from: `DIR FILE LEVEL [ROUND]`. Kills itself when it comes to
 * ROUND. Prints what it took: signatures that were really checked, leaves that were read.
 */
let signatures = 0
const { verify } = crypto
Object.assign(crypto, {
  verify: (...args: Parameters<typeof verify>) => {
    signatures += 1
    return verify(...args)
  },
})
// before anything that checks signatures is loaded
syncBuiltinESMExports()
const { parseNetworkCid, openGenesis } = await import('../../../src/peer/genesis.ts')
const { readConfig } = await import('../../../src/adapters/config/config.ts')
const { readChain } = await import('../../../src/peer/chain.ts')
const { paths } = await import('../../../src/peer/data-dir.ts')
const { verifyBase } = await import('../../../src/peer/history/verify.ts')
const { openToRead } = await import('../../../src/peer/store/open-to-read.ts')
const { isRawCid } = await import('../../../src/checkpoint/cid.ts')

const [dir = '', file = '', level = '', killAt = ''] = process.argv.slice(2)
const store = await openToRead(dir)
const last = (await readChain(paths.chain(dir))).entries.at(-1)
const config = await readConfig(dir)
if (last === undefined || config?.network == null) throw new Error('the directory has no rounds')
const id = parseNetworkCid(config.network)
const network = openGenesis(id, await store.get(id))
let reads = 0
const counting = {
  ...store,
  get: async (cid: CID) => {
    if (isRawCid(cid)) reads += 1
    return await store.get(cid)
  },
}
const report = await verifyBase({
  ...{ network, store: counting, base: last.base, certificate: last.certificate },
  level: level === 'full' || level === 'sample' ? level : 'signatures',
  resume: { file, by: 'test 1' },
  onProgress: ({ round }) => {
    if (String(round) === killAt) process.kill(process.pid, 'SIGKILL')
  },
})
process.stdout.write(JSON.stringify({ signatures, reads, report }))
await store.stop()
