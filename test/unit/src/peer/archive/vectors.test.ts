import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import type { ArchiveContents } from '../../../../../protocols/archive/messages.ts'
import { fromHex, toHex } from '../../../../../protocols/wire/bytes.ts'
import { verifyArchiveFile } from '../../../../../src/peer/archive/verify.ts'
import { writeArchive } from '../../../../../src/peer/archive/write.ts'
import { archiveOptions, smallChain } from '../../../../support/archive/small-archive.ts'
import type { TestChain } from '../../../../support/history/build-chain.ts'
import { copyStore } from '../../../../support/history/memory-store.ts'
import { temporaryDirectory } from '../../../../support/history/temporary.ts'
import { readVectors } from '../../../../support/protocols/vectors.ts'

interface FileVectors {
  readonly network: string
  readonly accepted: readonly {
    readonly name: string
    readonly root: string
    readonly base: string
    readonly round: number
    readonly contents: ArchiveContents
    /** Whether it is certified; absent: it is. */
    readonly certified?: boolean
    /** Whether it is valid at level `full`. */
    readonly full: boolean
    readonly hex: string
  }[]
  readonly rejected: readonly { readonly name: string; readonly reason: string; readonly hex: string }[]
}

const folder = temporaryDirectory()
const vectors = readVectors<FileVectors>('archive/file.v1.json')
const LEVELS = ['signatures', 'full'] as const

async function fileOf(name: string, hex: string): Promise<string> {
  const path = join(folder, `${name.replaceAll(/\W+/g, '-')}.car`)
  await writeFile(path, fromHex(hex) ?? assert.fail())
  return path
}

describe('archives, frozen', () => {
  assert.ok(vectors.accepted.length >= 7 && vectors.rejected.length >= 30)

  for (const { name, root, base, round, contents, certified = true, full, hex } of vectors.accepted) {
    it(`are valid: ${name}`, async () => {
      const path = await fileOf(name, hex)
      for (const level of LEVELS) {
        const report = await verifyArchiveFile(path, { level, trust: vectors.network })
        assert.equal(report.valid, level === 'full' ? full : certified, JSON.stringify(report.failures))
        assert.deepEqual([report.base, report.network, report.certified], [base, vectors.network, certified])
        assert.deepEqual([report.archive?.root, report.archive?.contents], [root, contents])
        assert.equal(report.rounds[0]?.round ?? 0, round)
        assert.deepEqual(
          report.failures.filter(({ link }) => link === 'archive'),
          [],
        )
      }
    })
  }

  for (const { name, reason, hex } of vectors.rejected) {
    it(`are refused at every level: ${name}`, async () => {
      const path = await fileOf(name, hex)
      for (const level of LEVELS) {
        const report = await verifyArchiveFile(path, { level })
        assert.equal(report.valid, false)
        const [first] = report.failures
        assert.deepEqual([first?.round, first?.link, first?.reason.split(':')[0]], [0, 'archive', reason])
      }
    })
  }
})

describe('writeArchive', () => {
  let chain: TestChain
  before(async () => {
    chain = await smallChain()
  })

  for (const { name, contents, hex } of vectors.accepted.slice(0, 3)) {
    it(`writes the frozen bytes from any store: ${name}`, async () => {
      // the same blocks in another order
      const other = copyStore(chain.store)
      const reversed = [...other.blocks].reverse()
      other.blocks.clear()
      for (const [key, block] of reversed) other.blocks.set(key, block)
      for (const [i, store] of [chain.store, other].entries()) {
        const file = join(folder, `again-${contents}-${i}.car`)
        await writeArchive({ ...archiveOptions(chain, contents), store, file })
        assert.equal(toHex(await readFile(file)), hex)
      }
      const [one, two] = [0, 1].map((i) => readFile(join(folder, `again-${contents}-${i}.car.idx`)))
      assert.deepEqual(await one, await two)
    })
  }
})
