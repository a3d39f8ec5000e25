import { hash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { open, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CID } from 'multiformats/cid'
import { decodeIndex } from '../../../src/adapters/blocks/leaf-index.ts'
import { HEADER_BYTES, readRecords } from '../../../src/adapters/blocks/packed-record.ts'
import { segmentOf } from '../../../src/adapters/blocks/packed-segment.ts'
import { DIGEST_BYTES, digestAt, leafBytes, treeOfDigests, writeNode } from '../../../src/checkpoint/digest-tree.ts'
import { LEAF_BYTES } from '../../../src/checkpoint/file-tree.ts'

/** Where the bytes of a block lie on the disk. */
export interface BlockPlace {
  readonly path: string
  readonly at: number
  readonly length: number
}

/** Blocks in a store's directory, whoever runs on it. */
export interface StoredBlocks {
  places(cid: CID): Promise<readonly BlockPlace[]>
  /** Whether its right bytes are here. */
  isWhole(cid: CID): Promise<boolean>
  has(cid: CID): Promise<boolean>
  /** Flips one bit on the disk. */
  rot(cid: CID): Promise<void>
  read(cid: CID): Promise<Uint8Array>
}

export function blocksIn(directory: string): StoredBlocks {
  async function places(cid: CID): Promise<readonly BlockPlace[]> {
    return [...(await packedPlaces(directory, cid)), ...(await filePlaces(directory, cid))]
  }

  async function read(cid: CID): Promise<Uint8Array> {
    for (const { path, at, length } of await places(cid)) {
      const bytes = (await readFile(path)).subarray(at, at + length)
      if (hash('sha256', bytes, 'buffer').equals(cid.multihash.digest)) return new Uint8Array(bytes)
    }
    const node = await nodeOfFile(directory, cid)
    if (node === null) throw new Error(`${cid} is not whole here`)
    return node
  }

  return {
    places,
    read,
    isWhole: (cid) => read(cid).then(...YES_OR_NO),
    has: async (cid) => (await places(cid)).length > 0 || (await nodeOfFile(directory, cid)) !== null,
    rot: async (cid) => {
      for (const { path, at, length } of await places(cid)) await flipBit(path, at + Math.floor(length / 2))
    },
  }
}

const YES_OR_NO = [() => true, () => false] as const

export async function flipBit(path: string, at: number): Promise<void> {
  const file = await open(path, 'r+')
  const byte = new Uint8Array(1)
  await file.read(byte, 0, 1, at)
  byte[0] = (byte[0] ?? 0) ^ 1
  await file.write(byte, 0, 1, at)
  await file.close()
}

/** Every record in the packed files of a store that is not deleted. */
export async function packedRecords(directory: string): Promise<readonly (BlockPlace & { readonly digest: Buffer })[]> {
  const packed = join(directory, 'packed')
  if (!existsSync(packed)) return []
  return (await readdir(packed)).flatMap((name) => {
    const segment = segmentOf(packed, name)
    if (segment === null) return []
    const live = readRecords(segment.path, segment.salt).records.filter(({ isLive, length }) => isLive && length > 0)
    return live.map(({ at, length, digest }) => ({ path: segment.path, at: at + HEADER_BYTES, length, digest }))
  })
}

async function packedPlaces(directory: string, cid: CID): Promise<readonly BlockPlace[]> {
  return (await packedRecords(directory)).filter(({ digest }) => digest.equals(cid.multihash.digest))
}

async function indexes(directory: string) {
  const files = join(directory, 'files')
  const names = existsSync(files) ? await readdir(files) : []
  const found = names
    .filter((name) => name.endsWith('.index'))
    .map(async (name) => {
      const root = CID.parse(name.slice(0, -'.index'.length))
      // Whoever runs on the directory may delete it meanwhile.
      const index = decodeIndex(await readFile(join(files, name)).catch(() => new Uint8Array()), root)
      return index === null ? [] : [{ path: join(files, `${root}.safetensors`), tree: index.tree }]
    })
  const named = names.filter((name) => name.endsWith('.safetensors') && !names.includes(indexOf(name)))
  return [
    ...(await Promise.all(found)).flat(),
    ...(await Promise.all(named.map((name) => readTree(files, name)))).flat(),
  ]
}

const indexOf = (name: string) => `${name.slice(0, -'.safetensors'.length)}.index`

/** Of a file that becomes durable later, and has no index until then. */
async function readTree(files: string, name: string) {
  const path = join(files, name)
  const bytes = await readFile(path).catch(() => null)
  if (bytes === null) return []
  const leaves = Array.from({ length: Math.ceil(bytes.length / LEAF_BYTES) }, (_, leaf) =>
    hash('sha256', bytes.subarray(leaf * LEAF_BYTES, (leaf + 1) * LEAF_BYTES), 'buffer'),
  )
  return [{ path, tree: treeOfDigests(Buffer.concat(leaves), bytes.length) }]
}

async function filePlaces(directory: string, cid: CID): Promise<readonly BlockPlace[]> {
  const places: BlockPlace[] = []
  for (const { path, tree } of await indexes(directory)) {
    const [leaves = new Uint8Array()] = tree.levels
    for (let leaf = 0; leaf < leaves.length / DIGEST_BYTES; leaf++) {
      if (Buffer.compare(digestAt(leaves, leaf), cid.multihash.digest) !== 0) continue
      places.push({ path, at: leaf * LEAF_BYTES, length: leafBytes(tree, leaf) })
    }
  }
  return places
}

async function nodeOfFile(directory: string, cid: CID): Promise<Uint8Array | null> {
  for (const { tree } of await indexes(directory)) {
    for (let height = 1; height < tree.levels.length; height++) {
      const level = tree.levels[height] ?? new Uint8Array()
      for (let index = 0; index < level.length / DIGEST_BYTES; index++) {
        if (Buffer.compare(digestAt(level, index), cid.multihash.digest) === 0)
          return writeNode(tree, height, index).block
      }
    }
  }
  return null
}
