import type { CID } from 'multiformats/cid'
import { equalCids } from '../../../protocols/wire/bytes.ts'
import { requireAcceptableCid } from '../../checkpoint/acceptable-cid.ts'
import { type Expected, readUnixfsBlock, type Visit } from '../../checkpoint/unixfs-node.ts'
import type { FetchOptions } from '../../ports/content-store.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import { DEFAULT_FETCH_CONCURRENCY, DEFAULT_FILE_BYTES_PER_NODE_BYTE, DEFAULT_MAX_NODE_BYTES } from './limits.ts'

export interface WalkOptions {
  readonly shape: FetchOptions['shape']
  readonly maxBytes: number
  readonly fileBytes: number | undefined
  /** Makes one block local and returns it, verified. */
  readonly take: (cid: CID) => Promise<Uint8Array>
  /** A file that is here as a whole, and was counted: nothing below it is visited. */
  readonly kept?: CID | undefined
  /** Called for a block that is whole but not what was expected there. */
  readonly discard: (cid: CID) => Promise<void>
  readonly onBlock: (block: Uint8Array) => void
  readonly signal: AbortSignal
}

/**
 * Visits every block under `root` once, a few at a time. Sizes are charged before anything below them is read, so what
 * a liar can make us read is bounded by `maxBytes`, whatever its graph looks like.
 */
export async function walk(root: CID, options: WalkOptions): Promise<void> {
  const { maxBytes, take, discard, onBlock, signal } = options
  requireAcceptableCid(root)
  const maxNodeBytes = DEFAULT_MAX_NODE_BYTES + maxBytes / DEFAULT_FILE_BYTES_PER_NODE_BYTE
  const stack: Visit[] = [{ cid: root, expected: expectedOf(options), depth: 0 }]
  const seen = new Set<string>()
  let fileBytes = 0
  let nodeBytes = 0

  /** False for a block that was visited before as the same thing. */
  const isNew = ({ cid, expected }: Visit): boolean => {
    const key = `${cid} ${expected.kind} ${expected.kind === 'file' ? expected.bytes : ''}`
    if (seen.has(key)) return false
    seen.add(key)
    return true
  }

  const charge = (visit: Visit, bytes: number): void => {
    const isPartOfFile = visit.depth > 0 && visit.expected.kind === 'file'
    if (!isPartOfFile) fileBytes += bytes
    if (fileBytes > maxBytes) throw tooLarge(root, maxBytes)
  }

  const visitOne = async (visit: Visit): Promise<void> => {
    if (!isNew(visit)) return
    const block = await take(visit.cid)
    try {
      const { children, fileBytes: bytes } = readUnixfsBlock(visit, block)
      charge(visit, bytes)
      if (children.length > 0) nodeBytes += block.byteLength
      if (nodeBytes > maxNodeBytes) throw tooLarge(root, maxBytes)
      // First child on top: leaves come in the order of the file.
      if (options.kept !== undefined && equalCids(visit.cid, options.kept)) return
      stack.push(...children.toReversed())
    } catch (error) {
      await discard(visit.cid)
      throw error
    }
    onBlock(block)
  }

  await drain(stack, visitOne, signal)
}

/** Works the stack off with a few workers; the first failure stops all, and is thrown when the others have ended. */
async function drain(stack: Visit[], work: (visit: Visit) => Promise<void>, signal: AbortSignal): Promise<void> {
  let active = 0
  let failure: { error: unknown } | undefined
  const { promise, resolve } = Promise.withResolvers<void>()
  const next = (): void => {
    while (failure === undefined && !signal.aborted && active < DEFAULT_FETCH_CONCURRENCY) {
      const visit = stack.pop()
      if (visit === undefined) break
      active++
      work(visit)
        .catch((error: unknown) => {
          failure ??= { error }
        })
        .finally(() => {
          active--
          next()
        })
    }
    if (active === 0) resolve()
  }
  next()
  await promise
  if (failure !== undefined) throw failure.error
  signal.throwIfAborted()
}

function expectedOf({ shape, fileBytes }: WalkOptions): Expected {
  return shape === 'file' ? { kind: 'file', bytes: fileBytes } : { kind: shape }
}

function tooLarge(root: CID, maxBytes: number): ColdmeshError {
  return new ColdmeshError('too-large', `The content has more than ${maxBytes} bytes.`, {
    facts: { cid: root.toString(), maxBytes },
  })
}
