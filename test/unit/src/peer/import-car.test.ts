import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { blockPrefix, carHeader } from '../../../../src/adapters/gateway/car.ts'
import { nullLog } from '../../../../src/adapters/memory/log.ts'
import { paths } from '../../../../src/peer/data-dir.ts'
import { importCar } from '../../../../src/peer/import-car.ts'
import { readPinned } from '../../../../src/peer/retention/pinned-file.ts'
import { createContentStore } from '../../../../src/peer/store/content-store.ts'
import { createDag } from '../../../support/gateway/dag.ts'

const folder = await mkdtemp(join(tmpdir(), 'coldmesh-car-'))
after(() => rm(folder, { recursive: true, force: true }))
const dag = await createDag()
const chunks = [new Uint8Array(1000).fill(1), new Uint8Array(20).fill(2)]
const leaves = await Promise.all(chunks.map(dag.raw))
const file = await dag.file(chunks)
const old = await dag.old(chunks)
const inline = CID.createV1(0x55, createDigest(0, Uint8Array.of(1, 2)))

async function carOf(roots: readonly CID[], cids: readonly CID[], spoil: (car: Buffer) => Buffer = (car) => car) {
  const parts: Uint8Array[] = [carHeader(roots)]
  for (const cid of cids) {
    const block = cid.multihash.code === 0 ? cid.multihash.digest : await dag.blocks.get(cid)
    parts.push(blockPrefix(cid, block.byteLength), block)
  }
  const path = join(folder, `${Math.random()}.car`)
  await writeFile(path, spoil(Buffer.concat(parts)))
  return path
}

const dataDir = join(folder, 'data')

describe('importCar', () => {
  it('keeps every block, under any version of its CID, and pins the roots', async () => {
    const path = await carOf([old], [old, ...leaves, inline])
    const imported = await importCar({ dataDir, file: path })
    assert.deepEqual(imported, { roots: [String(old)], blocks: 3, bytes: imported.bytes })
    await using store = await createContentStore({ dir: paths.blocks(dataDir), node: null, log: nullLog })
    for (const cid of [file, ...leaves]) assert.deepEqual(await store.get(cid), await dag.blocks.get(cid))
    assert.deepEqual((await readPinned(dataDir, nullLog)).map(String), [String(file)])
  })

  it('reads version 2, and one that lacks blocks', async () => {
    const path = await carOf([file], [file], (car) => {
      const head = Buffer.alloc(51)
      Buffer.from('0aa16776657273696f6e02', 'hex').copy(head)
      head.writeBigUInt64LE(51n, 27)
      head.writeBigUInt64LE(BigInt(car.length), 35)
      return Buffer.concat([head, car, Buffer.from('an index')])
    })
    assert.equal((await importCar({ dataDir, file: path })).blocks, 1)
  })

  it('says what is wrong with a file that is none', async () => {
    const refuses = (path: string, code: string, message: RegExp) =>
      assert.rejects(importCar({ dataDir, file: path }), (error: Error & { code?: string; hint?: string }) => {
        assert.equal(error.code, code)
        assert.match(error.message, message)
        assert.ok(error.hint)
        return true
      })
    await refuses(join(folder, 'none.car'), 'bad-input', /cannot be read/)
    await refuses(await carOf([file], [file], () => Buffer.from('hello')), 'bad-input', /no whole CAR/)
    await refuses(await carOf([file], [file, ...leaves], (car) => car.subarray(0, -1)), 'bad-input', /cut off/)
    await refuses(
      await carOf([file], leaves, (car) => {
        car[car.length - 1] = 9
        return car
      }),
      'bad-input',
      /not what its CID says/,
    )
    const other = CID.createV1(0x55, createDigest(0x13, new Uint8Array(64)))
    await refuses(
      await carOf([], leaves, (car) => Buffer.concat([car, blockPrefix(other, 1), Buffer.from('x')])),
      'unsupported',
      /not SHA-256/,
    )
  })
})
