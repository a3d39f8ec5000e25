import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { encode } from '@ipld/dag-pb'
import { UnixFS } from 'ipfs-unixfs'
import { dagPbCid, rawCid } from '../../../../src/checkpoint/cid.ts'
import { decodeDirectory, encodeDirectory } from '../../../../src/checkpoint/directory.ts'
import { encodeNode, LEAF_BYTES } from '../../../../src/checkpoint/file-tree.ts'
import { isColdmeshError } from '../../../../src/ports/errors.ts'
import { computeTree, readGolden } from '../../../reference/kubo/golden.ts'

const golden = await readGolden()
const cid = rawCid(new Uint8Array(3))
const entry = (name: string) => ({ name, cid, bytes: 3 })

describe('encodeDirectory', () => {
  for (const { title, tree, cid, tsize } of golden.directories) {
    it(`gives the CID that Kubo gives: ${title}`, async () => {
      assert.deepEqual(await computeTree(tree), { cid, tsize })
    })
  }

  it('sorts by the bytes of the names, whatever their order here', () => {
    const names = ['\u{1F600}', '\uFF5A', 'b', 'a', 'B', '']
    const given = names.filter((name) => name !== '')
    const made = [given, given.toReversed()].map((order) => encodeDirectory(order.map(entry)))
    assert.deepEqual(made[0], made[1])
    const read = decodeDirectory(made[0]?.block ?? new Uint8Array(), made[0]?.cid ?? cid)
    assert.deepEqual(
      read.map(({ name }) => name),
      ['B', 'a', 'b', '\uFF5A', '\u{1F600}'],
    )
  })

  it('refuses names that are paths, empty, too long, not text, or twice the same', () => {
    for (const name of ['', '.', '..', 'a/b', 'a\0', '\ud800', 'n'.repeat(256)]) {
      assert.throws(() => encodeDirectory([entry(name)]), /no name/, JSON.stringify(name))
    }
    assert.throws(() => encodeDirectory([entry('a'), entry('a')]), /twice/)
    assert.throws(() => encodeDirectory(Array.from({ length: 257 }, (_, i) => entry(`${i}`))), /more than 256/)
  })
})

describe('decodeDirectory', () => {
  const directory = new UnixFS({ type: 'directory' }).marshal()
  const link = { Name: 'a', Tsize: 3, Hash: cid }
  const rejected: readonly [string, Uint8Array, RegExp][] = [
    [
      'a file',
      encodeNode(
        [
          { cid, bytes: LEAF_BYTES },
          { cid, bytes: 3 },
        ],
        1,
      ).block,
      /is a file where a directory/,
    ],
    [
      'a sharded directory',
      encode({
        Data: new UnixFS({
          type: 'hamt-sharded-directory',
          fanout: 256n,
          hashType: 0x22n,
          data: new Uint8Array(1),
        }).marshal(),
        Links: [],
      }),
      /hamt/,
    ],
    ['garbage', new Uint8Array([9, 9]), /not a UnixFS node/],
    ['one name twice', encode({ Data: directory, Links: [link, link] }), /twice/],
    ['a name that is a path', encode({ Data: directory, Links: [{ ...link, Name: '../a' }] }), /no name/],
    ['a link without size', encode({ Data: directory, Links: [{ Name: 'a', Hash: cid }] }), /without name or size/],
    [
      'a mode',
      encode({ Data: new UnixFS({ type: 'directory', mode: 0o700 }).marshal(), Links: [link] }),
      /not canonical/,
    ],
    ['data before links', encode({ Data: directory, Links: [link] }, { fieldOrder: 'data-first' }), /not canonical/],
    ['a node of more than 64 KiB', new Uint8Array(65_537), /65536/],
  ]
  for (const [title, block, reason] of rejected) {
    it(`rejects ${title}`, () => {
      assert.throws(
        () => decodeDirectory(block, dagPbCid(block)),
        (error) => isColdmeshError(error, 'bad-checkpoint') && reason.test(error.message),
      )
    })
  }

  it('rejects a raw CID', () => {
    assert.throws(() => decodeDirectory(new Uint8Array(), rawCid(new Uint8Array())), /not a directory/)
  })

  it('rejects bytes after a name that text decoding would replace', () => {
    const { block } = encodeDirectory([entry('abc')])
    const changed = new Uint8Array(block)
    changed[changed.lastIndexOf(0x62)] = 0xff
    assert.throws(() => decodeDirectory(changed, dagPbCid(changed)), /not canonical|no name/)
  })
})
