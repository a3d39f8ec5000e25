import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { allLies, liesWithCard3 } from '../../support/lies/lies.ts'
import { CHAINS } from './chains.ts'
import { archiveOf } from './write.ts'

/** Writes the good archives and those that lie into a directory, and what is expected of them as `index.json`. */

const [dir] = process.argv.slice(2)
if (dir === undefined) throw new Error('usage: make-chains.ts DIR')
const good: { name: string; file: string; network: string; contents: string }[] = []
for (const [name, build] of Object.entries(CHAINS)) {
  const chain = await build()
  for (const contents of ['lineage', 'weights', 'everything'] as const) {
    const file = join(dir, `good-${good.length}.car`)
    writeFileSync(file, await archiveOf(chain, { contents }))
    good.push({ name, file, network: String(chain.net.network), contents })
  }
}
const lies: object[] = []
for (const told of [allLies(), liesWithCard3()]) {
  for await (const { chain, certificate, ...lie } of told) {
    const file = join(dir, `lie-${lies.length}.car`)
    writeFileSync(file, await archiveOf(chain, certificate === undefined ? {} : { certificate }))
    lies.push({ ...lie, file })
  }
}
writeFileSync(join(dir, 'index.json'), JSON.stringify({ good, lies }, null, 1))
