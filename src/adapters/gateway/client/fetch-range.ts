import type { CID } from 'multiformats/cid'
import { DAG_PB } from '../../../checkpoint/acceptable-cid.ts'
import { DEFAULT_MAX_BLOCK_BYTES } from '../../../checkpoint/block-limits.ts'
import { isBlockOf } from '../../../checkpoint/is-block-of.ts'
import type { FileToReceive, IncomingFile } from '../../../ports/weight-files.ts'
import { CAR_TYPE } from '../accept.ts'
import { CarError, createCarParser } from '../car-parser.ts'
import { DEFAULT_MAX_NODE_BYTES } from '../limits.ts'
import type { Buffers } from './buffers.ts'
import type { Job } from './job.ts'
import type { Source } from './source.ts'
import { SourceError } from './source-error.ts'
import { type BodyLimits, ENOUGH, readBody } from './watch-body.ts'

export interface RangeOptions {
  readonly file: FileToReceive
  /** Where each leaf begins. */
  readonly offsets: readonly number[]
  readonly incoming: Pick<IncomingFile, 'write'>
  readonly buffers: Buffers
  readonly now: () => number
  readonly signal: AbortSignal
  readonly limits?: Partial<BodyLimits> | undefined
  /** One is written. */
  readonly onLeaf: (bytes: number) => void
}

/**
 * Brings a job's leaves by one request: each compared with its CID while it streams, and put at its place. The job says how far it came.
 * @throws SourceError; ColdmeshError `refused` of our own disk
 */
export async function fetchRange(source: Source, job: Job, options: RangeOptions): Promise<void> {
  const { file, offsets, incoming, buffers, now, limits } = options
  const stopped = new AbortController()
  const signal = AbortSignal.any([options.signal, stopped.signal])
  job.abort = () => stopped.abort()
  const last = job.end - 1
  const to = (offsets[last] ?? 0) + (file.leaves[last]?.bytes ?? 1) - 1
  const query = `format=car&dag-scope=entity&entity-bytes=${offsets[job.next]}:${to}&car-order=dfs&car-dups=y`
  const response = await source.ask('GET', `/ipfs/${file.root}?${query}`, { signal, answerMs: limits?.stallMs })
  const type = response.headers.get('content-type') ?? ''
  if (!type.startsWith(CAR_TYPE) || !/order=dfs/.test(type) || !/dups=y/.test(type)) {
    response.leave()
    throw new SourceError('failed', 'it sends no CAR in depth-first order')
  }

  const writes = new Set<Promise<void>>()
  let failure: { error: unknown } | undefined
  let nodeBytes = 0
  let buffer: Uint8Array | null = null
  let isPooled = true

  /** One for a leaf of another length than expected was made for it alone. */
  const giveBack = (target: Uint8Array): void => {
    if (isPooled) buffers.giveBack(target)
  }

  const write = (index: number, bytes: number, target: Uint8Array): void => {
    const writing = incoming
      .write(index, target.subarray(0, bytes))
      .then(() => options.onLeaf(bytes))
      .catch((error: unknown) => {
        failure ??= { error }
        stopped.abort()
      })
      .finally(() => {
        writes.delete(writing)
        buffers.giveBack(target)
      })
    writes.add(writing)
  }

  const parser = createCarParser(
    {
      onHeader: () => {},
      onBlock(cid, bytes) {
        const expected = job.next < job.end ? file.leaves[job.next] : undefined
        if (expected !== undefined && isSame(cid, expected.cid)) {
          isPooled = bytes === expected.bytes
          buffer = isPooled ? buffers.take() : new Uint8Array(bytes)
          return buffer
        }
        // Nodes above the range come first. Those are known: they say what the leaves are.
        nodeBytes += bytes
        if (cid.code !== DAG_PB) throw new CarError('it is not the leaf that was asked for')
        if (bytes > DEFAULT_MAX_NODE_BYTES || nodeBytes > maxNodeBytes(file))
          throw new CarError('more nodes than there are')
        return null
      },
      onBlockEnd(_cid, bytes) {
        if (buffer === null) return
        const target = buffer
        buffer = null
        const leaf = file.leaves[job.next]
        if (leaf === undefined || !isBlockOf(leaf.cid, target.subarray(0, bytes))) {
          giveBack(target)
          throw new CarError('a leaf is not what its CID names')
        }
        // Whoever has it may be honest: it is the nodes above that lie, and who made them.
        if (bytes !== leaf.bytes) throw new SourceError('absent', 'a leaf has another length than its node says')
        write(job.next, bytes, target)
        job.next++
        job.movedMs = now()
        if (job.next >= job.end) throw ALL_HERE
        if (!buffers.haveRoom && !response.isPaused) {
          response.pause()
          buffers.whenRoom(() => response.resume())
        }
      },
    },
    { maxBlockBytes: DEFAULT_MAX_BLOCK_BYTES },
  )

  /** Nothing that comes now can spoil it; the end of the answer is waited for, since the connection is then used again. */
  const onAllHere = (): typeof ENOUGH | undefined => {
    if (job.end - 1 !== last) return ENOUGH
    ending ??= setTimeout(() => stopped.abort(), END_MS)
    return undefined
  }
  let ending: NodeJS.Timeout | undefined

  try {
    await readBody(
      response,
      (chunk) => {
        if (ending !== undefined) return ENOUGH
        try {
          parser.push(chunk)
          return undefined
        } catch (error) {
          if (error === ALL_HERE) return onAllHere()
          throw error
        }
      },
      { signal, limits },
    )
    if (job.next < job.end) throw new SourceError('failed', 'it ended too early')
  } catch (error) {
    if (error instanceof CarError) throw new SourceError('lied', error.message, { cause: error })
    if (ending === undefined && failure === undefined) throw error
  } finally {
    clearTimeout(ending)
    if (buffer !== null) giveBack(buffer)
    await Promise.all(writes)
  }
  if (failure !== undefined) throw failure.error
}

/** Thrown through the parser. */
const ALL_HERE = Symbol('all here')
const END_MS = 200

function isSame(a: CID, b: CID): boolean {
  return a.code === b.code && a.version === b.version && Buffer.compare(a.multihash.bytes, b.multihash.bytes) === 0
}

/** All nodes of a file, generously: 64 bytes a leaf would do. */
function maxNodeBytes({ leaves }: FileToReceive): number {
  return DEFAULT_MAX_NODE_BYTES + leaves.length * 128
}
