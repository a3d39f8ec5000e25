import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import type { CID } from 'multiformats/cid'
import { equalCids } from '../../../../../protocols/wire/bytes.ts'
import { importBase, openBase } from '../../../../../src/checkpoint/base.ts'
import { listLeaves } from '../../../../../src/checkpoint/unixfs.ts'
import { exportContent } from '../../../../../src/peer/history/export.ts'
import { isColdmeshError } from '../../../../../src/ports/errors.ts'
import { type TestChain, threeRounds, utf8 } from '../../../../support/history/build-chain.ts'
import { checkpointBytes, importBytes } from '../../../../support/history/checkpoints.ts'
import { copyStore, flipBlock, type MemoryStore } from '../../../../support/history/memory-store.ts'
import { temporaryDirectory } from '../../../../support/history/temporary.ts'

let chain: TestChain
const root = temporaryDirectory()
before(async () => {
  chain = await threeRounds()
})

const exportTo = (name: string, cid: CID, store: MemoryStore = chain.store) =>
  exportContent({
    network: chain.network,
    genesisBytes: chain.net.bytes,
    store,
    cid,
    out: join(root, name),
    certificateOf: (base) => chain.entries.find((entry) => equalCids(entry.base, base))?.certificate ?? null,
  })

async function leafOf(file: CID, index: number): Promise<CID> {
  const { leaves } = await listLeaves(file, chain.store.get, { maxBytes: 1 << 24 })
  const leaf = leaves[index]
  assert(leaf)
  return leaf.cid
}

const leftovers = async () => (await readdir(root)).filter((name) => name.endsWith('.tmp'))

describe('exportContent', () => {
  it('writes a base whose directory has the same CID again', async () => {
    const { base, certificate } = chain.entries[2] ?? assert.fail()
    const exported = await exportTo('base', base)
    assert.deepEqual([exported.kind, exported.cid], ['base', String(base)])
    const names = await readdir(join(root, 'base'))
    assert.deepEqual(names.sort(), ['README.md', 'config.json', 'lineage.cbor', 'model.safetensors', 'tokenizer.json'])
    const files = await Promise.all(
      names.map(async (name) => ({ name, bytes: new Uint8Array(await readFile(join(root, 'base', name))) })),
    )
    const again = await importBase(files, () => {})
    assert.equal(String(again.cid), String(base))
    assert.deepEqual(new Uint8Array(await readFile(join(root, 'base.certificate.cbor'))), certificate)
    assert.deepEqual(new Uint8Array(await readFile(join(root, 'base.genesis.cbor'))), chain.net.bytes)
    assert.equal(exported.files.length, 7)
    for (const file of exported.files) assert((await readFile(file)).length > 0)
  })

  it('writes the base of the genesis without a certificate', async () => {
    const exported = await exportTo('start', chain.network.genesis.base)
    assert.equal(exported.kind, 'base')
    await assert.rejects(readFile(join(root, 'start.certificate.cbor')), { code: 'ENOENT' })
    assert((await readFile(join(root, 'start.genesis.cbor'))).length > 0)
  })

  it('writes a checkpoint as model.safetensors', async () => {
    const checkpoint = chain.head.inputs[0] ?? assert.fail()
    const exported = await exportTo('checkpoint', checkpoint)
    assert.deepEqual([exported.kind, exported.files], ['checkpoint', [join(root, 'checkpoint', 'model.safetensors')]])
    const bytes = new Uint8Array(await readFile(join(root, 'checkpoint', 'model.safetensors')))
    assert([7, 8].some((seed) => Buffer.compare(bytes, checkpointBytes(seed)) === 0))
    await assert.rejects(readFile(join(root, 'checkpoint.genesis.cbor')), { code: 'ENOENT' })
  })

  it('writes into an empty directory that is there', async () => {
    await mkdir(join(root, 'empty'))
    await exportTo('empty', chain.head.base)
    assert.equal((await readdir(join(root, 'empty'))).length, 5)
  })

  it('makes the directories above OUT', async () => {
    await exportTo('deep/er/base', chain.head.base)
    assert.equal((await readdir(join(root, 'deep/er/base'))).length, 5)
  })

  it('refuses a directory that is not empty, a file, and other bytes beside OUT', async () => {
    await mkdir(join(root, 'full'))
    await writeFile(join(root, 'full', 'mine.txt'), 'mine')
    await writeFile(join(root, 'file'), 'mine')
    await writeFile(join(root, 'beside.genesis.cbor'), 'mine')
    await writeFile(join(root, 'zero.certificate.cbor'), 'mine')
    const refused = (error: unknown) => isColdmeshError(error, 'bad-input')
    await assert.rejects(exportTo('full', chain.head.base), refused)
    await assert.rejects(exportTo('file', chain.head.base), refused)
    await assert.rejects(exportTo('beside', chain.head.base), refused)
    await assert.rejects(exportTo('zero', chain.network.genesis.base), refused)
    assert.deepEqual(await readdir(join(root, 'full')), ['mine.txt'])
    assert.equal(await readFile(join(root, 'beside.genesis.cbor'), 'utf8'), 'mine')
    assert.deepEqual(await leftovers(), [])
  })

  it('leaves nothing behind when a block is missing or damaged', async () => {
    const { weights } = await openBase(chain.head.base, chain.store.get)
    const leaf = await leafOf(weights.cid, 1)
    const missing = copyStore(chain.store)
    await missing.delete(leaf)
    await assert.rejects(exportTo('missing', chain.head.base, missing), (error) =>
      isColdmeshError(error, 'block-missing'),
    )
    const damaged = copyStore(chain.store)
    flipBlock(damaged, leaf, 9)
    await assert.rejects(exportTo('damaged', chain.head.base, damaged), (error) =>
      isColdmeshError(error, 'block-corrupt'),
    )
    assert.deepEqual(await leftovers(), [])
    const names = await readdir(root)
    assert(!names.some((name) => name.startsWith('missing') || name.startsWith('damaged')))
  })

  it('refuses a CID that is neither a base nor a checkpoint', async () => {
    const small = await importBytes(new Uint8Array(64), chain.store)
    const large = await importBytes(new Uint8Array(3 << 20), chain.store)
    const sameSize = await importBytes(new Uint8Array(chain.network.genesis.bytes), chain.store)
    const renamed = checkpointBytes(1)
    renamed.set(utf8('later'), Buffer.from(renamed).indexOf('layer'))
    const otherHeader = await importBytes(renamed, chain.store)
    for (const cid of [small, large, sameSize, otherHeader]) {
      await assert.rejects(exportTo('neither', cid), (error) => isColdmeshError(error, 'bad-input'), String(cid))
    }
  })

  it('stops at the signal', async () => {
    const options = {
      network: chain.network,
      genesisBytes: chain.net.bytes,
      store: chain.store,
      cid: chain.head.base,
      out: join(root, 'stopped'),
      certificateOf: () => null,
    }
    await assert.rejects(exportContent({ ...options, signal: AbortSignal.abort() }), (error) =>
      isColdmeshError(error, 'aborted'),
    )
  })
})
