import { open } from 'node:fs/promises'
import type { CID } from 'multiformats/cid'
import { DEFAULT_MAX_BLOCK_BYTES } from '../../checkpoint/block-limits.ts'
import { LEAF_BYTES } from '../../checkpoint/file-tree.ts'
import type { PartOfFile, WeightFiles } from '../../ports/weight-files.ts'

export interface KeptLeaves extends AsyncDisposable {
  read(offset: number, bytes: number): Promise<Uint8Array>
}

/** Used in turn: one is being read into, the others are on their way out. */
const BUFFERS = 3

/**
 * The leaves of a file that is kept, or of which a part is; null when it is not.
 * @param reuse true when a leaf is out of use once two more were read
 */
export async function openKeptLeaves(
  files: Pick<WeightFiles, 'open'>,
  root: CID,
  { part, reuse }: { readonly part: PartOfFile | null; readonly reuse: boolean },
): Promise<KeptLeaves | null> {
  await using stack = new AsyncDisposableStack()
  const kept = part ?? stack.use(await files.open(root))
  if (kept === null) return null
  const file = stack.use(await open(kept.path, 'r'))
  const opened = stack.move()
  const buffers: Buffer[] = []
  let turn = 0

  const reused = (bytes: number): Buffer => {
    turn = (turn + 1) % BUFFERS
    const last = buffers[turn]
    const buffer = last !== undefined && last.byteLength >= bytes ? last : Buffer.allocUnsafeSlow(bytes)
    buffers[turn] = buffer
    return buffer.subarray(0, bytes)
  }

  return {
    async read(offset, bytes) {
      if (part !== null && part.here[Math.floor(offset / LEAF_BYTES)] !== 1) throw new Error('a leaf is not here yet')
      if (bytes > DEFAULT_MAX_BLOCK_BYTES) throw new Error('a leaf is too long')
      const target = reuse ? reused(bytes) : Buffer.allocUnsafeSlow(bytes)
      for (let at = 0; at < bytes; ) {
        const { bytesRead } = await file.read(target, at, bytes - at, offset + at)
        if (bytesRead === 0) throw new Error('the file is shorter than it was')
        at += bytesRead
      }
      return target
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}
