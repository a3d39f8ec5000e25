import { open } from 'node:fs/promises'
import type { CID } from 'multiformats/cid'
import { DEFAULT_MAX_BLOCK_BYTES } from '../../checkpoint/block-limits.ts'
import { LEAF_BYTES } from '../../checkpoint/file-tree.ts'
import { systemCode } from '../../ports/disk-refusal.ts'
import type { PartOfFile, WeightFiles } from '../../ports/weight-files.ts'

export interface KeptLeaves extends AsyncDisposable {
  read(offset: number, bytes: number): Promise<Uint8Array>
  /** All that was read is out of use: its memory may be used again. */
  sent(): void
}

/** Used in turn: one is being read into, the others are on their way out. */
const BUFFERS = 3

/** Buffers for leaves, used again by the answers after. */
export interface LeafBuffers {
  take(): Buffer
  giveBack(buffers: readonly Buffer[]): void
}

/** @param max that are kept */
export function createLeafBuffers(max: number): LeafBuffers {
  const free: Buffer[] = []
  return {
    take: () => free.pop() ?? Buffer.allocUnsafeSlow(LEAF_BYTES),
    giveBack: (buffers) => void free.push(...buffers.slice(0, Math.max(0, max - free.length))),
  }
}

/**
 * The leaves of a file that is kept, or of which a part is; null when it is not.
 * @param buffers where a leaf is out of use once two more were read; null: each leaf gets memory of its own
 */
export async function openKeptLeaves(
  files: Pick<WeightFiles, 'open'>,
  root: CID,
  { part, buffers }: { readonly part: PartOfFile | null; readonly buffers: LeafBuffers | null },
): Promise<KeptLeaves | null> {
  await using stack = new AsyncDisposableStack()
  // It may have become a whole file since it was looked at, under another name.
  const ofPart = part === null ? null : await open(part.path, 'r').catch(orNull)
  const kept = ofPart === null ? stack.use(await files.open(root)) : null
  const opened = ofPart ?? (kept === null ? null : await open(kept.path, 'r'))
  if (opened === null) return null
  const file = stack.use(opened)
  const taken: Buffer[] = []
  const resources = stack.move()
  let turn = 0

  const bufferOf = (bytes: number): Buffer => {
    if (buffers === null || bytes > LEAF_BYTES) return Buffer.allocUnsafeSlow(bytes)
    turn = taken.length < BUFFERS ? taken.length : (turn + 1) % BUFFERS
    const buffer = taken[turn] ?? buffers.take()
    taken[turn] = buffer
    return buffer.subarray(0, bytes)
  }

  return {
    async read(offset, bytes) {
      if (part !== null && part.here[Math.floor(offset / LEAF_BYTES)] !== 1) throw new Error('a leaf is not here yet')
      if (bytes > DEFAULT_MAX_BLOCK_BYTES) throw new Error('a leaf is too long')
      const target = bufferOf(bytes)
      for (let at = 0; at < bytes; ) {
        const { bytesRead } = await file.read(target, at, bytes - at, offset + at)
        if (bytesRead === 0) throw new Error('the file is shorter than it was')
        at += bytesRead
      }
      return target
    },
    sent: () => buffers?.giveBack(taken.splice(0)),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

function orNull(error: unknown): null {
  if (systemCode(error) !== 'ENOENT') throw error
  return null
}
