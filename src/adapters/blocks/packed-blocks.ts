import { hash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import type { CID } from 'multiformats/cid'
import { diskRefusal } from '../../ports/disk-refusal.ts'
import { makeDirectory, syncDirectory } from '../files/atomic.ts'
import { keyOfBlock } from './in-use.ts'
import { DEFAULT_BATCH_BYTES, DEFAULT_SEGMENT_BYTES } from './limits.ts'
import type { LooseBlocks } from './loose-blocks.ts'
import { createOpenFiles } from './open-files.ts'
import { HEADER_BYTES } from './packed-record.ts'
import {
  append,
  markDurable,
  markGone,
  newSegment,
  openSegment,
  type Segment,
  segmentOf,
  syncSegment,
} from './packed-segment.ts'

interface Place {
  readonly segment: Segment
  readonly at: number
  readonly length: number
}

interface Waiting {
  readonly key: string
  readonly block: Uint8Array
  /** Set where a block moves: only what still lies there. */
  readonly from: Place | null
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/**
 * Small blocks, one behind the other in a few files that are only appended to: whoever waits at the same time shares one
 * sync. A block is deleted by a mark in its header; a file of which half is deleted is written again without it.
 * @param options.onlyReads changes nothing: its owner may be at work
 * @throws ColdmeshError `refused`
 */
export async function openPackedBlocks(directory: string, { onlyReads = false } = {}): Promise<LooseBlocks> {
  const files = createOpenFiles()
  const places = new Map<string, Place>()
  const segments = new Map<number, Segment>()
  const unsynced = new Set<Segment>()
  const writing = new Map<string, Promise<void>>()
  const waiting: Waiting[] = []
  const usage = { blocks: 0, bytes: 0 }
  let isWriting = false

  try {
    if (!onlyReads) await makeDirectory(directory)
    const names = onlyReads && !existsSync(directory) ? [] : await readdir(directory)
    for (const name of names.toSorted()) {
      const segment = segmentOf(directory, name)
      if (segment === null) continue
      segments.set(segment.number, segment)
      for (const { digest, isLive, at, length } of await openSegment(segment, files, { onlyReads })) {
        if (isLive) setPlace(digest.toString('latin1'), { segment, at, length })
      }
    }
  } catch (error) {
    throw diskRefusal(error, 'open the blocks', directory)
  }

  function setPlace(key: string, place: Place | null): void {
    const before = places.get(key)
    if (before !== undefined) {
      before.segment.liveBytes -= HEADER_BYTES + before.length
      usage.blocks--
      usage.bytes -= before.length
    }
    if (place === null) {
      places.delete(key)
      return
    }
    places.set(key, place)
    place.segment.liveBytes += HEADER_BYTES + place.length
    usage.blocks++
    usage.bytes += place.length
  }

  function openSegmentToAppend(): Segment {
    const last = [...segments.values()].at(-1)
    if (last !== undefined && !last.isSealed && last.bytes < DEFAULT_SEGMENT_BYTES) return last
    const next = newSegment(directory, (last?.number ?? 0) + 1)
    segments.set(next.number, next)
    return next
  }

  function takeBatch(): Waiting[] {
    let bytes = 0
    let count = 0
    for (const { block } of waiting) {
      bytes += block.length
      if (count > 0 && bytes > DEFAULT_BATCH_BYTES) break
      count++
    }
    return waiting.splice(0, count)
  }

  async function writeBatch(batch: readonly Waiting[]): Promise<void> {
    const segment = openSegmentToAppend()
    const isNew = segment.bytes === 0
    try {
      const records = batch.map(({ key, block }) => ({ digest: Buffer.from(key, 'latin1'), block }))
      const found = await append(segment, records)
      if (isNew) await syncDirectory(directory)
      for (const [i, { key, block, from }] of batch.entries()) {
        const place = { segment, at: found[i] ?? 0, length: block.length }
        const before = places.get(key)
        // Deleted while it moved: what was written of it goes too.
        if (from !== null && before !== from) await markGone(segment, place.at)
        else setPlace(key, place)
        if (from === null && before !== undefined) await markGone(before.segment, before.at)
      }
    } catch (error) {
      if (isNew) {
        segments.delete(segment.number)
        await rm(segment.path, { force: true }).catch(() => {})
      }
      throw diskRefusal(error, 'write a block', directory)
    }
  }

  async function writeWaiting(): Promise<void> {
    if (isWriting) return
    isWriting = true
    while (waiting.length > 0) {
      const batch = takeBatch()
      const written = await writeBatch(batch).then(
        () => null,
        (error: unknown) => ({ error }),
      )
      for (const { resolve, reject } of batch) {
        if (written === null) resolve()
        else reject(written.error)
      }
    }
    const last = [...segments.values()].at(-1)
    if (last !== undefined && last.bytes > 0 && !last.isSealed) {
      // Without it a power cut costs a look at the last blocks, nothing more.
      await markDurable(last).catch(() => {
        last.isSealed = true
      })
    }
    isWriting = false
    if (waiting.length > 0) void writeWaiting()
  }

  function enqueue(key: string, block: Uint8Array, from: Place | null): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    waiting.push({ key, block, from, resolve, reject })
    // Those that come in the same turn go together.
    queueMicrotask(() => void writeWaiting())
    return promise
  }

  async function readPlace({ segment, at, length }: Place): Promise<Uint8Array | undefined> {
    const block = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer)
    try {
      return (await files.read(segment.path, block, at + HEADER_BYTES)) < length ? undefined : block
    } catch (error) {
      throw diskRefusal(error, 'read a block', directory)
    }
  }

  /** Its blocks, written again; false when one of them is damaged: it stays where it can be told. */
  async function moveOut(segment: Segment): Promise<boolean> {
    const moves: Promise<void>[] = []
    for (const [key, place] of places) {
      if (place.segment !== segment) continue
      const block = await readPlace(place)
      if (block === undefined || hash('sha256', block, 'buffer').toString('latin1') !== key) {
        await Promise.allSettled(moves)
        return false
      }
      moves.push(enqueue(key, block, place))
    }
    await Promise.all(moves)
    return true
  }

  async function giveBack(): Promise<void> {
    const last = [...segments.values()].at(-1)
    for (const segment of [...segments.values()]) {
      const isMostlyGone =
        2 * segment.liveBytes < segment.bytes && (segment !== last || segment.bytes > DEFAULT_BATCH_BYTES)
      // What is moved out of it goes into another one.
      if (segment === last && isMostlyGone && !isWriting) segment.isSealed = true
      if (
        segment.liveBytes > 0 &&
        !(isMostlyGone && (segment !== last || segment.isSealed) && (await moveOut(segment)))
      )
        continue
      if (segment.liveBytes > 0 || (segment === last && isWriting)) continue
      segments.delete(segment.number)
      unsynced.delete(segment)
      files.forget(segment.path)
      await rm(segment.path, { force: true })
    }
    await syncDirectory(directory)
  }

  return {
    has: async (cid) => places.has(keyOfBlock(cid)),
    async read(cid) {
      const key = keyOfBlock(cid)
      for (let place = places.get(key); place !== undefined; ) {
        const read = await readPlace(place).catch((error: unknown) => ({ error }))
        if (!(read !== undefined && 'error' in read)) return read
        // It moved meanwhile.
        const now = places.get(key)
        if (now === place) throw read.error
        place = now
      }
      return undefined
    },
    async write(cid: CID, block) {
      const key = keyOfBlock(cid)
      const others = writing.get(key)
      // A block is its name: who else writes it writes the same.
      if (others !== undefined) return await others
      const written = enqueue(key, block, null).finally(() => writing.delete(key))
      writing.set(key, written)
      await written
    },
    async delete(cid) {
      const key = keyOfBlock(cid)
      const place = places.get(key)
      if (place === undefined) return null
      setPlace(key, null)
      try {
        await markGone(place.segment, place.at)
      } catch (error) {
        throw diskRefusal(error, 'delete a block', directory)
      }
      unsynced.add(place.segment)
      return place.length
    },
    async flush() {
      try {
        for (const segment of unsynced) {
          await syncSegment(segment)
          unsynced.delete(segment)
        }
        await giveBack()
      } catch (error) {
        throw diskRefusal(error, 'delete a block', directory)
      }
    },
    usage,
    get diskBytes() {
      return segments.values().reduce((sum, { bytes }) => sum + bytes, 0)
    },
    close: files.close,
  }
}
