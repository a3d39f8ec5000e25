import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encode } from '@ipld/dag-cbor'
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { ARCHIVE_CONTENTS, archive } from '../../../protocols/archive/messages.ts'
import { joinBytes, toHex } from '../../../protocols/wire/bytes.ts'
import { idOf, rawCid } from '../../../protocols/wire/codec.ts'
import { carHeader } from '../../../src/adapters/gateway/car.ts'
import { archiveOf, smallChain } from '../../support/archive/small-archive.ts'
import { carOf, type Section, sectionBytes, sectionsOf, varint } from '../../support/archive/car-bytes.ts'
import { startChain } from '../../support/history/build-chain.ts'
import { SMALL_LAYOUT } from '../../support/history/checkpoints.ts'
import { freeze } from './file.ts'

type Wrong = readonly [name: string, reason: string, bytes: Uint8Array]

/** Whole archives, and files that are none: of two rounds, and, where they are wrong, of the genesis' base alone. */
export async function makeArchiveFile(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'coldmesh-vectors-'))
  try {
    const chain = await smallChain()
    const start = await startChain('small', {}, SMALL_LAYOUT)
    const accepted = []
    for (const contents of ARCHIVE_CONTENTS) {
      accepted.push({ name: `${contents} of two rounds`, full: contents === 'everything', ...(await vectorOf(chain, contents, folder)) })
    }
    const proposal = { ...chain, head: { ...chain.head, certificate: null } }
    accepted.push({ name: 'of a mere proposal', certified: false, full: false, ...(await vectorOf(proposal, 'lineage', folder)) })
    for (const contents of ARCHIVE_CONTENTS) {
      accepted.push({ name: `${contents} of the genesis’ base`, full: contents !== 'lineage', ...(await vectorOf(start, contents, folder)) })
    }
    const { bytes } = await archiveOf(start, 'lineage', folder)
    freeze('archive/file.v1.json', {
      network: String(chain.network.id),
      accepted,
      rejected: wrongFiles(bytes).map(([name, reason, car]) => ({ name, reason, hex: toHex(car) })),
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function vectorOf(
  chain: Parameters<typeof archiveOf>[0],
  contents: Parameters<typeof archiveOf>[1],
  folder: string,
) {
  const { bytes, root } = await archiveOf(chain, contents, folder)
  const { base, round } = chain.head
  return { root, base: String(base), round, contents, hex: toHex(bytes) }
}

function wrongFiles(car: Uint8Array): readonly Wrong[] {
  const sections = sectionsOf(car)
  const [root, genesis, directory] = sections
  if (!root || !genesis || !directory) throw new Error('three blocks')
  const header = carHeader([root.cid])
  const rest = car.subarray(header.length)
  const withHeader = (value: unknown) => {
    const bytes = encode(value)
    return joinBytes([varint(bytes.length), bytes, rest])
  }
  const longDigest = CID.createV1(0x55, createDigest(0x13, new Uint8Array(64)))
  const extra = { cid: rawCid(Uint8Array.of(1, 2, 3)), block: Uint8Array.of(1, 2, 3) }
  const ordered = (...list: readonly Section[]) => carOf(root.cid, list)
  const stated = archive.decode(root.block)
  const saying = (fields: Partial<typeof stated>) => {
    const block = archive.encode({ ...stated, ...fields })
    return carOf(idOf(block), [{ cid: idOf(block), block }, genesis, directory])
  }
  return [
    ['no bytes', 'archive-cut-off', new Uint8Array()],
    ['no block', 'archive-cut-off', header],
    ['11.1 version 2', 'archive-header', withHeader({ roots: [root.cid], version: 2 })],
    ['11.1 no root', 'archive-header', withHeader({ roots: [], version: 1 })],
    ['11.1 two roots', 'archive-header', withHeader({ roots: [root.cid, root.cid], version: 1 })],
    ['11.1 a root that is no message', 'archive-header', withHeader({ roots: [directory.cid], version: 1 })],
    ['11.1 another field', 'archive-header', withHeader({ roots: [root.cid], version: 1, name: 'mine' })],
    ['11.1 a length longer than it must be', 'archive-header', joinBytes([varint(header.length - 1, 2), header.subarray(1), rest])],
    ['11.1 a length of gigabytes', 'archive-header', joinBytes([varint(2 ** 33), rest])],
    ['11.2 a length longer than it must be', 'archive-section', joinBytes([header, sectionBytes(root.cid.bytes, root.block, 3)])],
    ['11.2 a length of gigabytes', 'archive-section', joinBytes([header, varint(2 ** 33), rest])],
    ['11.2 a length without end', 'archive-section', joinBytes([car, new Uint8Array(10).fill(255)])],
    ['11.2 a section of no bytes', 'archive-section', joinBytes([car, Uint8Array.of(0)])],
    ['11.2 a section that is shorter than its CID', 'archive-section', joinBytes([car, varint(4), extra.cid.bytes.subarray(0, 4)])],
    ['11.2 a CID of version 0', 'archive-section', joinBytes([car, sectionBytes(directory.cid.multihash.bytes, directory.block)])],
    ['11.2 a CID with SHA-512', 'archive-section', joinBytes([car, sectionBytes(longDigest.bytes, extra.block)])],
    ['11.2 a CID of another codec', 'archive-section', joinBytes([car, sectionBytes(CID.createV1(0x72, extra.cid.multihash).bytes, extra.block)])],
    ['11.2 a codec in more bytes than needed', 'archive-section', joinBytes([car, sectionBytes(joinBytes([Uint8Array.of(1, 0xd5, 0), extra.cid.bytes.subarray(2)]), extra.block)])],
    ['11.2 other bytes than those of its CID', 'archive-block', ordered(root, genesis, { cid: directory.cid, block: extra.block })],
    ['11.2 the last byte missing', 'archive-cut-off', car.subarray(0, -1)],
    ['11.2 the last block missing but its length', 'archive-cut-off', car.subarray(0, car.length - directory.block.length - 36)],
    ['11.3 the first block is not the root', 'archive-root', ordered(genesis, root, directory)],
    ['11.3 the root is another message', 'archive-unknown-field', carOf(genesis.cid, [genesis, directory])],
    ['11.4 a block is missing', 'archive-order', ordered(root, genesis)],
    ['11.4 the genesis is missing', 'archive-order', ordered(root, directory)],
    ['11.4 a block is there twice', 'archive-order', ordered(root, genesis, directory, directory)],
    ['11.4 a block that does not belong', 'archive-order', ordered(root, genesis, directory, extra)],
    ['11.4 two blocks the other way round', 'archive-order', ordered(root, directory, genesis)],
    ['11.4 blocks of other contents', 'archive-order', saying({ contents: 'weights' })],
    ['11.5 another round', 'archive-wrong-round', saying({ round: 1 })],
    ['11.5 a certificate of the genesis’ base', 'archive-certificate', saying({ certificate: Uint8Array.of(1) })],
  ]
}
