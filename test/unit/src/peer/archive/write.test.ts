import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import type { CID } from 'multiformats/cid'
import { openBase } from '../../../../../src/checkpoint/base.ts'
import { listLeaves } from '../../../../../src/checkpoint/unixfs.ts'
import { createBlockTable } from '../../../../../src/peer/archive/block-table.ts'
import { writeArchive } from '../../../../../src/peer/archive/write.ts'
import { isColdmeshError } from '../../../../../src/ports/errors.ts'
import { sectionBytes, sectionsOf } from '../../../../support/archive/car-bytes.ts'
import { archiveOf, archiveOptions } from '../../../../support/archive/small-archive.ts'
import { readLineage, type TestChain, threeRounds } from '../../../../support/history/build-chain.ts'
import { copyStore, flipBlock, type MemoryStore } from '../../../../support/history/memory-store.ts'
import { temporaryDirectory } from '../../../../support/history/temporary.ts'
import { testCid } from '../../../../support/protocols/network.ts'

const folder = temporaryDirectory()
let chain: TestChain
before(async () => {
  chain = await threeRounds()
})

const write = (name: string, store: MemoryStore = chain.store, more: object = {}) =>
  writeArchive({ ...archiveOptions(chain, 'everything'), store, file: join(folder, name), ...more })

const leftovers = async () => (await readdir(folder)).filter((name) => name.endsWith('.tmp'))

/** Weights of round 1, which round 2, an empty one, has too, and round 3 no more. */
async function oldWeights(): Promise<CID> {
  const [first, second] = chain.entries
  const { weights } = await readLineage(chain.store, first?.base ?? assert.fail())
  assert.equal(String((await readLineage(chain.store, second?.base ?? assert.fail())).weights), String(weights))
  return weights
}

describe('writeArchive', () => {
  it('writes every block once, and an index that leads to each', async () => {
    const { path, bytes } = await archiveOf(chain, 'everything', folder)
    const sections = sectionsOf(bytes)
    assert.equal(new Set(sections.map(({ cid }) => String(cid))).size, sections.length)
    const index = await readFile(`${path}.idx`)
    assert.equal(index.subarray(0, 2).toString('hex'), '8108')
    assert.deepEqual([index.readUInt32LE(2), index.readBigUInt64LE(6), index.readUInt32LE(14)], [1, 18n, 1])
    assert.deepEqual([index.readUInt32LE(18), Number(index.readBigUInt64LE(22))], [40, 40 * sections.length])
    assert.equal(index.length, 30 + 40 * sections.length)
    const entries = sections.map((_, i) => index.subarray(30 + 40 * i, 70 + 40 * i))
    assert.deepEqual(entries, [...entries].sort(Buffer.compare))
    for (const { cid, block } of sections) {
      const entry = entries.find((found) => found.subarray(0, 32).equals(cid.multihash.digest)) ?? assert.fail()
      const at = Number(entry.readBigUInt64LE(32))
      const section = Buffer.from(sectionBytes(cid.bytes, block))
      assert.ok(section.equals(bytes.subarray(at, at + section.length)), `${cid} at ${at}`)
    }
  })

  it('tells how far it is, to the last block', async () => {
    const seen: number[] = []
    const { blocks } = await write('told.car', chain.store, {
      onProgress: ({ blocks: done, of }: { blocks: number; of: number }) => seen.push(done / of),
    })
    assert.equal(seen.length, blocks)
    assert.equal(seen.at(-1), 1)
  })

  it('keeps the object that the archive is of in the store', async () => {
    const store = copyStore(chain.store)
    const { root } = await write('kept.car', store)
    assert.ok(store.blocks.has(root))
  })

  it('writes nothing when a block is missing, and names its round and what to do', async () => {
    const weights = await oldWeights()
    const { leaves } = await listLeaves(weights, chain.store.get, { maxBytes: 1 << 24 })
    const leaf = leaves[1]?.cid ?? assert.fail()
    for (const [contents, gone] of [
      ['everything', weights],
      ['everything', leaf],
      ['weights', null],
      ['lineage', null],
    ] as const) {
      const store = copyStore(chain.store)
      await store.delete(gone ?? leaf)
      let isBegun = false
      const onProgress = () => {
        isBegun = true
      }
      const writing = write(`missing-${contents}.car`, store, { contents, onProgress })
      if (gone === null) {
        await writing
        continue
      }
      await assert.rejects(writing, (error) => {
        assert.ok(isColdmeshError(error, 'block-missing'))
        assert.match(error.message, /of round 1 is not here/)
        assert.match(error.hint ?? '', /--contents weights/)
        return true
      })
      assert.deepEqual([isBegun, existsSync(join(folder, `missing-${contents}.car`))], [false, false])
    }
    assert.deepEqual(await leftovers(), [])
  })

  it('writes nothing without the history of the base', async () => {
    const store = copyStore(chain.store)
    await store.delete(chain.entries[0]?.base ?? assert.fail())
    await assert.rejects(write('gap.car', store), (error) => isColdmeshError(error, 'block-missing'))
    await assert.rejects(write('none.car', chain.store, { base: testCid('nothing') }), (error) =>
      isColdmeshError(error, 'block-missing'),
    )
    const { weights } = await openBase(chain.head.base, chain.store.get)
    await assert.rejects(write('no-base.car', chain.store, { base: weights.cid }), (error) =>
      isColdmeshError(error, 'bad-input'),
    )
  })

  it('leaves nothing behind when a block is damaged, nor at the signal', async () => {
    const store = copyStore(chain.store)
    const { weights } = await openBase(chain.head.base, chain.store.get)
    flipBlock(store, weights.cid, 9)
    await assert.rejects(write('damaged.car', store), (error) => isColdmeshError(error, 'block-corrupt'))
    await assert.rejects(write('stopped.car', chain.store, { signal: AbortSignal.abort() }), (error) =>
      isColdmeshError(error, 'aborted'),
    )
    const stop = new AbortController()
    await assert.rejects(
      write('midway.car', chain.store, { signal: stop.signal, onProgress: () => stop.abort() }),
      (error) => isColdmeshError(error, 'aborted'),
    )
    assert.deepEqual(await leftovers(), [])
    for (const name of ['damaged', 'stopped', 'midway']) assert.equal(existsSync(join(folder, `${name}.car`)), false)
  })

  it('refuses a file that is there, or an index', async () => {
    for (const name of ['there.car', 'beside.car.idx']) {
      await writeFile(join(folder, name), 'mine')
      await assert.rejects(write(name.replace('.idx', '')), (error) => isColdmeshError(error, 'bad-input'))
      assert.equal(await readFile(join(folder, name), 'utf8'), 'mine')
    }
  })
})

describe('createBlockTable', () => {
  it('finds each of many blocks, in the order in which they came', () => {
    const table = createBlockTable()
    const cids = Array.from({ length: 5000 }, (_, i) => testCid(`block ${i}`, i % 2 === 0 ? 'raw' : 'directory'))
    for (const [i, cid] of cids.entries()) assert.equal(table.add(cid, { offset: 10 * i, bytes: i }), true)
    for (const [i, cid] of cids.entries()) {
      assert.deepEqual(table.find(cid), { index: i, offset: 10 * i, bytes: i })
      assert.equal(String(table.cidAt(i)), String(cid))
      assert.equal(table.add(cid, { offset: 0, bytes: 0 }), false)
    }
    assert.equal(table.length, 5000)
    assert.equal(table.cidAt(5000), null)
    assert.equal(table.find(testCid('another')), null)
    assert.equal(table.has(testCid('block 0', 'directory')), false, 'the same digest under another codec')
  })
})
