import type { CID } from 'multiformats/cid'
import { createInUse, guardBlocks } from '../../adapters/blocks/in-use.ts'
import { type BlockStore, type BlockStoreOptions, openBlockStore } from '../../adapters/blocks/open-block-store.ts'
import { createServed } from '../../adapters/blocks/served.ts'
import { type SweptFiles, sweepBlocks } from '../../adapters/blocks/sweep.ts'
import { openKubo } from '../../adapters/kubo/open.ts'
import { isColdmeshError } from '../../ports/errors.ts'
import type { LocalBlocks } from '../../ports/local-blocks.ts'
import type { Retention, SweepOptions, SweepPlan, Swept } from '../../ports/retention.ts'
import { createKuboFiles } from './kubo-files.ts'
import { type KuboPlace, rememberKubo } from './kubo-place.ts'

/**
 * Blocks in a Kubo node. What the folder had before is taken over as it is used.
 * @param dir the folder for blocks, in which files of weights are worked on
 * @throws ColdmeshError `refused`, `unsupported`
 */
export async function openKuboStore(
  dir: string,
  place: KuboPlace,
  options: BlockStoreOptions = {},
): Promise<BlockStore> {
  const kubo = await openKubo(place)
  await rememberKubo(dir, place)
  const folder = await openBlockStore(dir, options)
  const unguarded = takingOver(kubo.local, folder.local)
  const { files, copies } = createKuboFiles({ folder: folder.files, blocks: unguarded, kubo })
  const inUse = createInUse()
  const served = createServed()
  const sweeping = {
    ...{ local: unguarded, remove: kubo.remove, flush: async () => {}, inUse },
    ...{ served: () => served.nodes, files: NO_FILES },
  }

  /** What Kubo gave up goes from the folder too, and copies of what it has. */
  async function sweep(options: SweepOptions): Promise<Swept> {
    let plan: SweepPlan = { drop: [], keep: [], isKept: () => false }
    const gone: CID[] = []
    const swept = await sweepBlocks(sweeping, {
      ...options,
      plan: async () => {
        plan = await options.plan()
        return plan
      },
      onGone: async (roots) => {
        gone.push(...roots)
        await options.onGone(roots)
      },
    })
    const { signal } = options
    await folder.retention.sweep({ plan: async () => ({ ...plan, drop: gone }), onGone: async () => {}, signal })
    const copied = { drop: [...copies.values()], keep: [], isKept: () => false }
    const onGone = async (roots: readonly CID[]): Promise<void> => {
      for (const root of roots) copies.delete(String(root))
    }
    await folder.retention.sweep({ plan: async () => copied, onGone, signal })
    return swept
  }

  return {
    local: guardBlocks(unguarded, inUse),
    files,
    retention: {
      pin: (...roots) => both(inUse.pin(...roots), folder.retention.pin(...roots)),
      pinStored: () => both(inUse.pinStored(), folder.retention.pinStored()),
      hold: () => both(inUse.hold(), folder.retention.hold()),
      sweep,
      get usage() {
        return { blocks: kubo.usage.blocks, bytes: kubo.usage.bytes }
      },
      get disk() {
        return folder.retention.disk
      },
    } satisfies Retention,
    changedLinks: folder.changedLinks,
    noteServed: served.note,
    async count() {
      await Promise.all([kubo.count(), folder.count()])
    },
    converted: folder.converted,
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  }
}

/** In Kubo a file is its blocks. */
const NO_FILES: SweptFiles = {
  has: () => false,
  copyOut: async () => {},
  remove: async () => ({ blocks: 0, bytes: 0 }),
}

function both(one: Disposable, other: Disposable): Disposable {
  return {
    [Symbol.dispose]: () => {
      one[Symbol.dispose]()
      other[Symbol.dispose]()
    },
  }
}

/** What is in neither is missing; what only `old` has is copied. */
function takingOver(blocks: LocalBlocks, old: LocalBlocks): LocalBlocks {
  const takeOver = async (cid: CID): Promise<Uint8Array | undefined> => {
    const block = await old.take(cid)
    if (block !== undefined) await blocks.put(cid, block)
    return block
  }
  return {
    has: async (cid) => (await blocks.has(cid)) || (await old.has(cid)),
    async get(cid) {
      try {
        return await blocks.get(cid)
      } catch (error) {
        const block = isColdmeshError(error, 'block-missing') ? await takeOver(cid) : undefined
        if (block === undefined) throw error
        return block
      }
    },
    put: blocks.put,
    accept: blocks.accept,
    async delete(cid) {
      await old.delete(cid)
      await blocks.delete(cid)
    },
    take: async (cid) => (await blocks.take(cid)) ?? (await takeOver(cid)),
  }
}
