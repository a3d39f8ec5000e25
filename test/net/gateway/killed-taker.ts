/** A process that fetches a file, to be killed: folder of its blocks, address of a peer, root, length. Says what it has as it comes. */

import { parseCid } from '../../../protocols/wire/bytes.ts'
import { memoryLog } from '../../../src/adapters/memory/log.ts'
import { party } from '../adapters/party.ts'

const [, , dir = '', address = '', root = '', bytes = ''] = process.argv
const cid = parseCid(root)
if (cid === null) throw new Error('no CID')
const log = memoryLog()
const taker = await party({ dir, gateway: { listen: [] }, log })
await taker.store.fetch(cid, {
  ...{ shape: 'file', maxBytes: Number(bytes), fileBytes: Number(bytes), timeoutMs: 30_000 },
  providers: [address],
  onProgress: ({ blocks }) => process.stdout.write(`${blocks}\n`),
})
const ways = log.entries.filter(({ event }) => event === 'range-given').map(({ fields }) => fields['way'])
process.stdout.write(`done ${[...new Set(ways)].join()}\n`)
await taker[Symbol.asyncDispose]()
