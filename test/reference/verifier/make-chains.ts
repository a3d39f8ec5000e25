import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { certificate } from '../../../protocols/round/messages.ts'
import { toHex } from '../../../protocols/wire/bytes.ts'
import { archiveOf as writtenArchiveOf } from '../../support/archive/small-archive.ts'
import { allLies, liesWithCard3 } from '../../support/lies/lies.ts'
import { CHAINS } from './chains.ts'
import { archiveOf } from './write.ts'

/** Writes the good archives and those that lie into a directory, and what is expected of them as `index.json`. */

const [dir] = process.argv.slice(2)
if (dir === undefined) throw new Error('usage: make-chains.ts DIR')
/** What coldmesh wrote; it writes over nothing. */
const written = mkdtempSync(join(dir, 'written-'))
const good: object[] = []
for (const [name, build] of Object.entries(CHAINS)) {
  const chain = await build()
  const newest = chain.entries.at(-1)
  const signers = newest === undefined ? [] : certificate.decode(newest.certificate).signatures
  const trust = { signers: signers.map(({ author }) => toHex(author)), need: chain.head.regime.own.threshold }
  for (const contents of ['lineage', 'weights', 'everything'] as const) {
    const file = join(dir, `good-${good.length}.car`)
    writeFileSync(file, await archiveOf(chain, { contents }))
    const { path } = await writtenArchiveOf(chain, contents, written)
    good.push({ name, file, written: path, network: String(chain.net.network), contents, ...trust })
  }
}
const lies: object[] = []
for (const told of [allLies(), liesWithCard3()]) {
  for await (const { chain, certificate: own, ...lie } of told) {
    const file = join(dir, `lie-${lies.length}.car`)
    writeFileSync(file, await archiveOf(chain, own === undefined ? {} : { certificate: own }))
    lies.push({ ...lie, file })
  }
}
writeFileSync(join(dir, 'index.json'), JSON.stringify({ good, lies }, null, 1))
