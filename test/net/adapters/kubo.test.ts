import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { CID } from 'multiformats/cid'
import { nullLog } from '../../../src/adapters/memory/log.ts'
import { createContentStore } from '../../../src/peer/store/content-store.ts'
import { skipWithoutKubo as skip, startKubo } from '../../support/kubo/kubo.ts'
import { importFiles, patterned } from './content.ts'
import { addressOf, startNode, temporaryDirectory } from './support.ts'

const MIB = 1024 * 1024

describe('with a stock Kubo', { skip }, () => {
  it('gives it a file by CID, and takes one from it, over the same connection', async () => {
    await using directory = await temporaryDirectory()
    await using kubo = await startKubo(join(directory.path, 'kubo'))
    await using node = await startNode()
    await using store = await createContentStore({ dir: join(directory.path, 'blocks'), node, log: nullLog })
    await store.start()

    const ours = patterned(40 * MIB + 3, 1)
    const given = await importFiles(store, { 'model.safetensors': ours })
    await kubo.ipfs('swarm', 'connect', addressOf(node))
    const copy = join(directory.path, 'copy')
    await kubo.ipfs('get', '--output', copy, given.toString())
    assert.ok((await readFile(copy)).equals(ours))

    const theirs = join(directory.path, 'theirs')
    await writeFile(theirs, patterned(10 * MIB + 1, 2))
    const taken = CID.parse(await kubo.ipfs('add', '--quieter', theirs))
    const size = 10 * MIB + 1
    const done = await store.fetch(taken, { shape: 'file', maxBytes: size, fileBytes: size, timeoutMs: 30_000 })
    assert.equal(done.blocks, 12)
  })

  it('is found by it through a provider address alone', async () => {
    await using directory = await temporaryDirectory()
    await using kubo = await startKubo(join(directory.path, 'kubo'))
    await using node = await startNode()
    await using store = await createContentStore({ dir: null, node, log: nullLog })
    await store.start()
    const file = join(directory.path, 'file')
    await writeFile(file, patterned(2 * MIB, 3))
    const cid = CID.parse(await kubo.ipfs('add', '--quieter', file))
    const { Addresses = [] }: { Addresses?: string[] } = JSON.parse(await kubo.ipfs('id'))
    const done = await store.fetch(cid, {
      shape: 'file',
      maxBytes: 2 * MIB,
      providers: Addresses,
      timeoutMs: 30_000,
    })
    assert.equal(done.blocks, 3)
  })
})
