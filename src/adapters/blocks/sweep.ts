import type { CID } from 'multiformats/cid'
import { RAW } from '../../checkpoint/acceptable-cid.ts'
import { readUnixfsBlock, type Visit } from '../../checkpoint/unixfs-node.ts'
import { isColdmeshError } from '../../ports/errors.ts'
import type { LocalBlocks } from '../../ports/local-blocks.ts'
import type { SweepOptions, Swept } from '../../ports/retention.ts'
import { type InUse, keyOfBlock, type Watch } from './in-use.ts'
import { DEFAULT_SWEEP_BLOCKS } from './limits.ts'

export interface Sweeping {
  /** Not guarded: looking at a block is no use of it. */
  readonly local: Pick<LocalBlocks, 'get'>
  /** A block that is in no file: resolves with the bytes that became free, null when there is none. */
  readonly remove: (cid: CID) => Promise<number | null>
  readonly files: SweptFiles
  /** Makes what was removed durable. */
  readonly flush: () => Promise<void>
  readonly inUse: InUse
  /** What others are downloading. */
  readonly served: () => readonly CID[]
}

/** Files whose leaves are blocks; each goes as a whole. */
export interface SweptFiles {
  has(root: CID): boolean
  /** What others need of it, and what only it has, lies outside it when this resolves. */
  copyOut(root: CID, cid: CID): Promise<void>
  /** Also what came of one that is not whole. */
  remove(root: CID): Promise<Pick<Swept, 'blocks' | 'bytes'>>
}

/** Some of the roots that go. */
interface Batch {
  /** Each with all blocks that are here under it, parents first. */
  readonly roots: readonly { readonly root: CID; readonly blocks: readonly CID[] }[]
  /** Keys of blocks that go. */
  readonly going: Set<string>
}

/**
 * Marks by nodes alone: the leaves of a file are named by the few nodes above them. Memory: the names of the blocks under some
 * of the roots that go, never of what stays.
 */
export async function sweepBlocks(sweeping: Sweeping, options: SweepOptions): Promise<Swept> {
  const { signal } = options
  using watch = sweeping.inUse.watch()
  const plan = await options.plan()
  let blocks = 0
  let bytes = 0
  let isComplete = true
  for await (const batch of batchesOf(sweeping, plan.drop)) {
    if (signal.aborted || watch.isHeld) return { blocks, bytes, isComplete: false }
    for await (const { key } of reached(sweeping, plan.keep, signal)) batch.going.delete(key)
    for (const { blocks } of batch.roots) {
      for (const cid of blocks) if (plan.isKept(cid)) batch.going.delete(keyOfBlock(cid))
    }
    const done = await deleteBatch(sweeping, batch, { watch, signal })
    blocks += done.blocks
    bytes += done.bytes
    isComplete &&= done.gone.length === batch.roots.length
    await sweeping.flush()
    if (done.gone.length > 0) await options.onGone(done.gone)
  }
  return { blocks, bytes, isComplete }
}

async function* batchesOf(sweeping: Sweeping, drop: Iterable<CID>): AsyncGenerator<Batch> {
  let roots: { readonly root: CID; readonly blocks: readonly CID[] }[] = []
  let going = new Set<string>()
  for (const root of drop) {
    const blocks: CID[] = []
    for await (const { key, cid } of below(sweeping, { cid: root, expected: ANY_FILE, depth: 0 }, new Set())) {
      blocks.push(cid)
      going.add(key)
    }
    roots.push({ root, blocks })
    if (going.size < DEFAULT_SWEEP_BLOCKS) continue
    yield { roots, going }
    roots = []
    going = new Set()
  }
  if (roots.length > 0) yield { roots, going }
}

async function deleteBatch(
  sweeping: Sweeping,
  { roots, going }: Batch,
  { watch, signal }: { readonly watch: Watch; readonly signal: AbortSignal },
): Promise<Pick<Swept, 'blocks' | 'bytes'> & { readonly gone: readonly CID[] }> {
  const { inUse, remove, files } = sweeping
  const gone: CID[] = []
  const done = { blocks: 0, bytes: 0 }
  let busy = new Set<string>()
  let known = -1

  /** A pin that came meanwhile counts from the moment it was made. */
  async function lookAgain(): Promise<void> {
    while (known !== watch.roots.length) {
      known = watch.roots.length
      busy = await busyBlocks(sweeping, watch, going)
    }
  }
  const isBusy = (cid: CID): boolean => busy.has(keyOfBlock(cid)) || watch.isTouched(cid)
  const mustStop = (): boolean => signal.aborted || watch.isHeld

  /** False while something of it is in use. */
  async function deleteFile(root: CID, blocks: readonly CID[]): Promise<boolean> {
    for (const cid of blocks) if (!going.has(keyOfBlock(cid))) await files.copyOut(root, cid)
    await lookAgain()
    if (mustStop() || blocks.some((cid) => going.has(keyOfBlock(cid)) && isBusy(cid))) return false
    const { blocks: count, bytes } = await inUse.deleting(blocks, () => files.remove(root))
    done.blocks += count
    done.bytes += bytes
    return true
  }

  /** From the end: a leaf never lies here without the nodes by which the next sweep finds it. */
  async function deleteBlocks(blocks: readonly CID[]): Promise<boolean> {
    let isComplete = true
    for (const cid of blocks.toReversed()) {
      if (!going.has(keyOfBlock(cid))) continue
      await lookAgain()
      if (mustStop()) return false
      isComplete &&= !isBusy(cid)
      if (isBusy(cid) || (!isComplete && cid.code !== RAW)) continue
      const bytes = await inUse.deleting([cid], () => remove(cid))
      going.delete(keyOfBlock(cid))
      if (bytes === null) continue
      done.bytes += bytes
      done.blocks++
    }
    return isComplete
  }

  for (const { root, blocks } of roots) {
    if (mustStop()) break
    if (files.has(root) && !(await deleteFile(root, blocks))) continue
    if (!(await deleteBlocks(blocks))) continue
    // What came of a file that never was whole.
    if (!isBusy(root)) await inUse.deleting([root], () => files.remove(root))
    gone.push(root)
  }
  return { ...done, gone }
}

/** Those of `going` that something pinned or served reaches. */
async function busyBlocks(sweeping: Sweeping, watch: Watch, going: ReadonlySet<string>): Promise<Set<string>> {
  const busy = new Set<string>()
  for await (const { key } of reached(sweeping, [...watch.roots, ...sweeping.served()])) {
    if (going.has(key)) busy.add(key)
  }
  return busy
}

type Found = { readonly key: string; readonly cid: CID }

async function* reached(sweeping: Sweeping, roots: readonly CID[], signal?: AbortSignal): AsyncGenerator<Found> {
  const nodes = new Set<string>()
  for (const root of roots) {
    if (signal?.aborted) return
    yield* below(sweeping, { cid: root, expected: ANYTHING, depth: 0 }, nodes, { mustBeWhole: true })
  }
}

const ANY_FILE = { kind: 'file', bytes: undefined } as const
const ANYTHING = { kind: 'entry' } as const

/** A block and all below it, parents first; of a node that is not here, nothing below it. @param nodes those that were read already */
async function* below(
  sweeping: Sweeping,
  top: Visit,
  nodes: Set<string>,
  { mustBeWhole = false } = {},
): AsyncGenerator<Found> {
  const stack: Visit[] = [top]
  for (let visit = stack.pop(); visit !== undefined; visit = stack.pop()) {
    const { cid } = visit
    const key = keyOfBlock(cid)
    if (nodes.has(key)) continue
    yield { key, cid }
    if (cid.code === RAW) continue
    nodes.add(key)
    stack.push(...(await childrenOf(sweeping, visit, mustBeWhole)))
  }
}

async function childrenOf({ local }: Sweeping, visit: Visit, mustBeWhole: boolean): Promise<readonly Visit[]> {
  try {
    return readUnixfsBlock(visit, await local.get(visit.cid)).children
  } catch (error) {
    if (!isColdmeshError(error) || error.code === 'refused') throw error
    if (error.code === 'block-corrupt' && mustBeWhole) throw error
    // Not here, or no file: nothing is below it.
    return []
  }
}
