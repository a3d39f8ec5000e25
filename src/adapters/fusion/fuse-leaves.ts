import { hash } from 'node:crypto'
import { writeSync } from 'node:fs'
import { DIGEST_BYTES, LEAF_BYTES, leafBytes, leafCount } from '../../checkpoint/leaves.ts'
import type { ReadyRule } from '../../fusion/rule.ts'
import { usesBase } from '../../fusion/uses-base.ts'
import type { Tools } from './chunks.ts'
import { type Job, NOTHING, type Work } from './job.ts'
import { createPartFuser } from './part-fuser.ts'
import { type Range, scan } from './scan.ts'
import { createTools } from './tools.ts'

/** Fuses leaves, hashes them while they are in the cache, and writes them. */
export function createLeafFuser(job: Job & { kind: 'fuse' }): Work {
  const tools = createTools(job)
  const digests = new Uint8Array(job.digests)
  const { layout } = job
  const fuse = tools === null ? null : createKernelFuser(tools, job)
  return {
    units: leafCount(layout.totalBytes),
    async run(leaf) {
      const offset = leaf * LEAF_BYTES
      const bytes = leafBytes({ bytes: layout.totalBytes }, leaf)
      const ready = readyFor(job, leaf)
      // what kernels find wrong, JavaScript finds again, and says what it is
      const fused =
        fuse?.({ offset, bytes }, ready) ?? (await loadJavaScript()).fuseInJavaScript(job, { offset, bytes }, ready)
      digests.set(hash('sha256', fused, 'buffer'), leaf * DIGEST_BYTES)
      if (job.out === null) return
      for (let at = 0; at < bytes; ) at += writeSync(job.out, fused, at, bytes - at, offset + at)
    },
    end: () => NOTHING,
  }
}

/** Seldom needed, and most of the code. */
const loadJavaScript = () => import('./fuse-in-javascript.ts')

/** Gives the leaf's bytes, valid until the next one's; null when something is wrong. */
function createKernelFuser(
  tools: Tools,
  { ready: whole, layout, files }: Job & { kind: 'fuse' },
): (range: Range, ready: ReadyRule) => Uint8Array | null {
  const { memory, scratch } = tools
  const inputs = files.inputs.length
  const needsBase = usesBase(whole)
  const isRebasing = files.parents.some((file) => file !== null)
  const options = { layout, files, needsBase: needsBase || isRebasing, comparesIntegers: true }
  const every = whole.rule === 'ties/1' ? null : createPartFuser(tools, whole, inputs)
  const all = new Uint8Array(memory.buffer)
  return (range, ready) => {
    const fuse = every ?? createPartFuser(tools, ready, inputs)
    const isDone = scan(tools, options, range, {
      floats: (places, at) => fuse(places, scratch.leaf + at),
      shared: (address, bytes, at) => void all.copyWithin(scratch.leaf + at, address, address + bytes),
    })
    return isDone ? all.subarray(scratch.leaf, scratch.leaf + range.bytes) : null
  }
}

/** Of magnitudes equal to a key, those that a leaf keeps follow from how many come before it. */
function readyFor({ ready, equalBefore, files }: Job & { kind: 'fuse' }, leaf: number): ReadyRule {
  if (ready.rule !== 'ties/1') return ready
  if (equalBefore === null)
    return { ...ready, kept: ready.kept.map((kept) => ({ ...kept, equal: Number.POSITIVE_INFINITY })) }
  const inputs = files.inputs.length
  const before = new Float64Array(equalBefore)
  const kept = ready.kept.map(({ key, equal }, input) => {
    const isWhole = equal >= (before[(leaf + 1) * inputs + input] ?? 0)
    const left = Math.max(0, equal - (before[leaf * inputs + input] ?? 0))
    return { key, equal: isWhole ? Number.POSITIVE_INFINITY : left }
  })
  return { ...ready, kept }
}
