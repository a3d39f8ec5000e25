import { setImmediate } from 'node:timers/promises'
import type { CID } from 'multiformats/cid'
import type { SyncBase } from '../../../protocols/sync/messages.ts'
import type { Head } from '../../rounds/state.ts'
import { type CheckedBase, checkNext, checkSent, entryOf } from '../heads.ts'
import { type CatchUpContext, fetchRecord } from './catch-up.ts'

type Block = { readonly cid: CID; readonly block: Uint8Array }

/** Files are written and synced by so many at once: a disk syncs many about as fast as one. */
const WRITERS = 32

/**
 * Checks the bases of a page, each against the one before, and stores their records: all blocks, then all entries of the
 * chain with one fsync. What a crash leaves out is asked for again.
 * @returns what is stored, and why the next one is not
 * @throws ColdmeshError `refused`: our own disk
 */
export async function storePage(
  context: CatchUpContext,
  peer: string,
  from: Head,
  bases: readonly SyncBase[],
  signal: AbortSignal,
): Promise<{ readonly taken: readonly CheckedBase[]; readonly error: unknown }> {
  const taken: CheckedBase[] = []
  const blocks: Block[] = []
  let error: unknown = null
  for (const base of bases) {
    if (signal.aborted) break
    try {
      const next = await check(context, peer, taken.at(-1)?.head ?? from, base, signal)
      taken.push(next.checked)
      blocks.push(...next.blocks)
    } catch (thrown) {
      error = thrown
      break
    }
    // Checking signatures is all work and no waiting: others have their turn in between.
    await setImmediate()
  }
  await putAll(context, blocks)
  if (taken.length > 0) {
    await context.chain.append(...taken.map(entryOf))
  }
  return { taken, error }
}

async function check(
  context: CatchUpContext,
  peer: string,
  head: Head,
  next: SyncBase,
  signal: AbortSignal,
): Promise<{ readonly checked: CheckedBase; readonly blocks: readonly Block[] }> {
  const { facts, mesh, store } = context
  const sent = checkSent(facts, head, next)
  if (sent !== null) return sent
  const providers = mesh.peers().find(({ id }) => id === peer)?.addresses ?? []
  await fetchRecord(context, next.base, next.lineage, providers, signal)
  return { checked: await checkNext(head, store, next), blocks: [] }
}

async function putAll({ store }: CatchUpContext, blocks: readonly Block[]): Promise<void> {
  const left = blocks.values()
  const writer = async () => {
    for (const { cid, block } of left) await store.put(cid, block)
  }
  await Promise.all(Array.from({ length: Math.min(WRITERS, blocks.length) }, writer))
}
