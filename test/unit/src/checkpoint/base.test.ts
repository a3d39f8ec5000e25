import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { CID } from 'multiformats/cid'
import { assembleBase, baseFile, importBase, openBase, withoutHistory } from '../../../../src/checkpoint/base.ts'
import { dagPbCid, rawCid } from '../../../../src/checkpoint/cid.ts'
import { encodeLayout } from '../../../../src/checkpoint/layout.ts'
import { encodeCheckpoint } from '../../../../src/checkpoint/safetensors.ts'
import { encodeDirectory, importFile } from '../../../../src/checkpoint/unixfs.ts'
import { isColdmeshError } from '../../../../src/ports/errors.ts'

const layout = encodeLayout([{ name: 'w', dtype: 'F32', shape: [300_000] }])
const weightsBytes = encodeCheckpoint(layout, [
  { name: 'w', shape: [300_000], data: new Float32Array(300_000).fill(0.25) },
])
const text = (value: string) => new TextEncoder().encode(value)
const genesisFiles = [
  { name: 'model.safetensors', bytes: weightsBytes },
  { name: 'tokenizer.json', bytes: text('{"version":"1.0"}') },
  { name: 'config.json', bytes: text('{"model_type":"bert"}') },
  { name: 'README.md', bytes: text('# a genesis') },
]

function memory() {
  const blocks = new Map<string, Uint8Array>()
  return {
    put: (cid: CID, block: Uint8Array) => void blocks.set(cid.toString(), block),
    get: async (cid: CID) => blocks.get(cid.toString()) ?? assert.fail(`no block ${cid}`),
  }
}

const store = memory()
const genesis = await importBase(genesisFiles, store.put)

describe('withoutHistory', () => {
  it('is the node of the same config, tokenizer and weights alone', async () => {
    const bare = await importBase(
      genesisFiles.filter(({ name }) => name !== 'README.md'),
      store.put,
    )
    const node = withoutHistory(await openBase(genesis.cid, store.get))
    assert.equal(String(node.cid), String(bare.cid))
    assert.notEqual(String(node.cid), String(genesis.cid))
    assert.deepEqual(node.block, await store.get(bare.cid))
  })
})

describe('importBase', () => {
  it('makes a directory that openBase reads, with lengths, layout and no lineage', async () => {
    assert.deepEqual(genesis.layout, layout)
    const opened = await openBase(genesis.cid, store.get)
    assert.deepEqual(
      opened.files.map(({ name, bytes }) => [name, bytes]),
      [
        ['README.md', 11],
        ['config.json', 21],
        ['model.safetensors', weightsBytes.length],
        ['tokenizer.json', 17],
      ],
    )
    assert.equal(opened.lineage, null)
    assert.equal(opened.card?.toString(), rawCid(text('# a genesis')).toString())
    assert.deepEqual(
      opened.shared.map(({ name }) => name),
      ['config.json', 'tokenizer.json'],
    )
    assert.deepEqual(
      opened.weights,
      genesis.files.find(({ name }) => name === 'model.safetensors'),
    )
  })

  it('refuses other names, missing files and bad weights', async () => {
    const refuses = (files: typeof genesisFiles, reason: RegExp) =>
      assert.rejects(
        importBase(files, store.put),
        (error) => isColdmeshError(error, 'bad-checkpoint') && reason.test(error.message),
      )
    await refuses([...genesisFiles, { name: 'pytorch_model.bin', bytes: text('') }], /not a file of a base/)
    await refuses([...genesisFiles, { name: '../x', bytes: text('') }], /not a file of a base/)
    await refuses([...genesisFiles, { name: 'config.json', bytes: text('') }], /twice/)
    await refuses(
      genesisFiles.filter(({ name }) => name !== 'config.json'),
      /no config.json/,
    )
    await refuses(
      genesisFiles.filter(({ name }) => name !== 'model.safetensors'),
      /no model.safetensors/,
    )
    await refuses(
      [...genesisFiles.slice(1), { name: 'model.safetensors', bytes: weightsBytes.subarray(1) }],
      /header length/,
    )
    await refuses(
      [...genesisFiles.slice(0, 3), { name: 'README.md', bytes: new Uint8Array(1_048_577) }],
      /README.md has more/,
    )
  })
})

describe('assembleBase', () => {
  const shared = genesis.files.filter(({ name }) => name === 'config.json' || name === 'tokenizer.json')
  const weights = genesis.files.find(({ name }) => name === 'model.safetensors') ?? assert.fail()
  const [card, lineage] = [text('# card'), text('lineage')]

  it('gives the directory of an import of the same files, and its three new blocks', async () => {
    const base = assembleBase({ shared, weights, card, lineage })
    const entries = [...shared, weights].map(({ name, cid, tsize }) => ({ name, cid, bytes: tsize }))
    for (const [name, bytes] of [
      ['README.md', card],
      ['lineage.cbor', lineage],
    ] as const) {
      entries.push({ name, cid: (await importFile([bytes], () => {})).cid, bytes: bytes.length })
    }
    assert.deepEqual(encodeDirectory(entries), { cid: base.cid, block: base.block })
    assert.deepEqual(
      base.blocks.map(({ block }) => block),
      [card, lineage, base.block],
    )
    const local = memory()
    for (const { cid, block } of base.blocks) local.put(cid, block)
    const opened = await openBase(base.cid, local.get)
    assert.equal(opened.lineage?.toString(), rawCid(lineage).toString())
    assert.equal(opened.files.length, 5)
  })

  it('refuses a lineage of 1,000,001 bytes, a card beyond one leaf, and foreign names', () => {
    assert.ok(assembleBase({ shared, weights, card, lineage: new Uint8Array(1_000_000) }))
    assert.throws(
      () => assembleBase({ shared, weights, card, lineage: new Uint8Array(1_000_001) }),
      /1000000 are allowed/,
    )
    assert.throws(() => assembleBase({ shared, weights, card: new Uint8Array(1_048_577), lineage }), /one leaf/)
    assert.throws(
      () => assembleBase({ shared: [...shared, weights], weights, card, lineage }),
      /not a config or tokenizer/,
    )
    assert.throws(() => assembleBase({ shared, weights: { ...weights, name: 'x' }, card, lineage }), /must be named/)
    assert.throws(() => assembleBase({ shared: [], weights, card, lineage }), /no config.json/)
  })
})

describe('openBase', () => {
  const file = (name: string) => ({ name, cid: rawCid(text(name)), bytes: name.length })
  async function opens(entries: readonly { name: string; cid: CID; bytes: number }[]) {
    const local = memory()
    const { cid, block } = encodeDirectory(entries)
    local.put(cid, block)
    return await openBase(cid, local.get)
  }
  const least = [file('config.json'), file('model.safetensors')]

  it('accepts the least base', async () => assert.equal((await opens(least)).files.length, 2))

  it('rejects unknown names, a missing file, and sizes that no file of that CID has', async () => {
    await assert.rejects(opens([...least, file('evil.py')]), /not a file of a base/)
    await assert.rejects(opens([file('config.json')]), /no model.safetensors/)
    await assert.rejects(opens([...least, { ...file('vocab.txt'), bytes: 1_048_577 }]), /size of "vocab.txt"/)
    await assert.rejects(opens([...least, { ...file('vocab.txt'), cid: dagPbCid(text('x')) }]), /size of "vocab.txt"/)
    const large = { name: 'lineage.cbor', cid: rawCid(text('l')), bytes: 1_000_001 }
    await assert.rejects(opens([...least, large]), /lineage.cbor has more than/)
  })

  it('rejects a file in place of the directory', async () => {
    const local = memory()
    const { cid } = await importFile([new Uint8Array(1_100_000)], local.put)
    await assert.rejects(openBase(cid, local.get), /is a file where a directory/)
  })
})

describe('baseFile', () => {
  it('refuses a CID that no file of that length has', () => {
    assert.throws(() => baseFile('config.json', dagPbCid(text('x')), 10), /no CID of a file/)
  })
})
