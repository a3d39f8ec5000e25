import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { open, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { CID } from 'multiformats/cid'
import { type BlockStore, openBlockStore } from '../../../../../src/adapters/blocks/open-block-store.ts'
import { rawCid } from '../../../../../src/checkpoint/cid.ts'
import { rootOf, treeOfDigests } from '../../../../../src/checkpoint/digest-tree.ts'
import { LEAF_BYTES } from '../../../../../src/checkpoint/unixfs.ts'
import { isColdmeshError } from '../../../../../src/ports/errors.ts'
import { temporaryDirectory } from '../../../../net/adapters/support.ts'

const STEPS = 80
const SEEDS = [1, 2, 3, 4]

const LEAVES = Array.from({ length: 5 }, (_, i) => Buffer.alloc(LEAF_BYTES, i + 1))
const TAILS = Array.from({ length: 2 }, (_, i) => Buffer.alloc(1_000 + i, 0x70 + i))
/** Files that share leaves, one of which has a leaf twice. */
const FILES = [
  [0, 1],
  [1, 2],
  [2, 2, 3],
  [4, 0, 3],
].map((parts, i) => {
  const blocks = [...parts.map((part) => LEAVES[part] ?? Buffer.of()), TAILS[i % 2] ?? Buffer.of()]
  const bytes = blocks.reduce((sum, { length }) => sum + length, 0)
  const digests = Buffer.concat(blocks.map((block) => hash('sha256', block, 'buffer')))
  const leaves = blocks.map((block) => ({ cid: rawCid(block), bytes: block.length }))
  return { root: rootOf(treeOfDigests(digests, bytes)), bytes, leaves, blocks, digests }
})
const SMALL = Array.from({ length: 6 }, (_, i) => Buffer.from(`small ${i}`))

type File = (typeof FILES)[number]

function randomOf(seed: number): (below: number) => number {
  let state = Math.imul(seed, 0x9e3779b1) | 1
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

/** What was acknowledged and not damaged since: it must be here. All else may be, and nothing may ever be wrong. */
class Model {
  readonly files = new Set<File>()
  readonly blocks = new Map<string, Buffer<ArrayBufferLike>>()
  /** Damaged behind the store's back: it may not have met that leaf yet, and then takes the file for whole. */
  readonly suspects = new Set<File>()

  keep(block: Buffer<ArrayBufferLike>): void {
    this.blocks.set(String(rawCid(block)), block)
  }

  keepFile(file: File): void {
    if (this.suspects.has(file)) return
    this.files.add(file)
    for (const block of file.blocks) this.keep(block)
  }

  lose(block: Buffer<ArrayBufferLike>): void {
    this.blocks.delete(String(rawCid(block)))
    for (const file of this.files) if (file.blocks.some((own) => own.equals(block))) this.files.delete(file)
  }

  /** What other files have stays, and what stays by itself. */
  drop(file: File, stays: Buffer<ArrayBufferLike>): void {
    this.files.delete(file)
    this.suspects.delete(file)
    const staying = new Set([stays, ...[...this.files].flatMap(({ blocks }) => blocks)])
    for (const block of file.blocks) if (!staying.has(block)) this.blocks.delete(String(rawCid(block)))
  }

  /** @returns the blocks that are here */
  async check(store: BlockStore, what: string): Promise<ReadonlySet<Buffer>> {
    const here = new Set<Buffer>()
    for (const block of [...LEAVES, ...TAILS, ...SMALL]) {
      const found = await store.local.get(rawCid(block)).catch((error: unknown) => {
        assert.ok(isColdmeshError(error, 'block-missing') || isColdmeshError(error, 'block-corrupt'), String(error))
        return null
      })
      if (found !== null) {
        here.add(block)
        assert.ok(block.equals(found), `${what}: wrong bytes`)
      } else assert.equal(this.blocks.has(String(rawCid(block))), false, `${what}: a block is gone`)
    }
    for (const file of this.files) {
      await using kept = await store.files.open(file.root)
      assert.ok(kept !== null, `${what}: a file is gone`)
      assert.ok((await readFile(kept.path)).equals(Buffer.concat(file.blocks)), `${what}: a file is another one`)
    }
    return here
  }
}

type Step = (store: BlockStore, model: Model, random: (below: number) => number, directory: string) => Promise<void>

const pick = <T>(from: readonly T[], random: (below: number) => number): T => {
  const found = from[random(from.length)]
  if (found === undefined) throw new Error('nothing to pick from')
  return found
}

const STEPS_BY_NAME: Readonly<Record<string, Step>> = {
  async put({ local }, model, random) {
    const block = pick([...SMALL, ...LEAVES, ...TAILS], random)
    await local.put(rawCid(block), block)
    model.keep(block)
  },
  async make({ files }, model, random) {
    const file = pick(FILES, random)
    await using making = await files.make(file.bytes)
    await writeFile(making.path, Buffer.concat(file.blocks))
    if (random(4) === 0) return
    await making.finish(file.digests)
    model.keepFile(file)
  },
  async receive({ files }, model, random) {
    const file = pick(FILES, random)
    await using incoming = await files.receive(file)
    for (const leaf of incoming.missing) {
      if (random(5) === 0) return
      await incoming.write(leaf, file.blocks[leaf] ?? Buffer.of())
    }
    await incoming.finish()
    model.keepFile(file)
  },
  async sweep({ retention }, model, random) {
    const file = pick(FILES, random)
    const keep = [...model.files].filter((other) => other !== file).map(({ root }) => root)
    const stays = pick(LEAVES, random)
    const kept = new Set([stays, ...SMALL].map((block) => String(rawCid(block))))
    const plan = async () => ({ drop: [file.root], keep, isKept: (cid: CID) => kept.has(String(cid)) })
    await retention.sweep({ plan, onGone: async () => {}, signal: new AbortController().signal })
    model.drop(file, stays)
  },
  async flip(_, model, random, directory) {
    const names = (await readdir(join(directory, 'files'))).filter((name) => name.endsWith('.safetensors'))
    if (names.length === 0) return
    const name = pick(names.toSorted(), random)
    const file = FILES.find(({ root }) => name.startsWith(String(root)))
    assert.ok(file !== undefined)
    const leaf = random(file.blocks.length)
    const handle = await open(join(directory, 'files', name), 'r+')
    await handle.write(Buffer.of(0xee), 0, 1, leaf * LEAF_BYTES + random(900))
    await handle.close()
    model.lose(file.blocks[leaf] ?? Buffer.of())
    model.files.delete(file)
    model.suspects.add(file)
  },
}

describe('the store beside a model of it', () => {
  for (const seed of SEEDS) {
    it(`keeps what it acknowledged and never gives wrong bytes, seed ${seed}`, async () => {
      await using directory = await temporaryDirectory()
      const random = randomOf(seed)
      const model = new Model()
      const names = Object.keys(STEPS_BY_NAME)
      let store = await openBlockStore(directory.path)
      for (let step = 0; step < STEPS; step++) {
        const name = pick([...names, 'make', 'receive', 'put'], random)
        const what = `step ${step}, ${name}`
        await STEPS_BY_NAME[name]?.(store, model, random, directory.path)
        const before = await model.check(store, what)
        if (random(6) > 0) continue
        // As after a kill: nothing is closed.
        store = await openBlockStore(directory.path)
        const after = await model.check(store, `${what}, opened again`)
        assert.deepEqual(
          [...after].filter((block) => !before.has(block)).length,
          0,
          `${what}: what was deleted is back`,
        )
      }
      await store[Symbol.asyncDispose]()
    })
  }
})
