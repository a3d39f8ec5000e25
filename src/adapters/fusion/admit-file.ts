import { hash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { DIGEST_BYTES, leafBytes, leafCount } from '../../checkpoint/digest-tree.ts'
import type { Layout } from '../../checkpoint/layout.ts'
import { LEAF_BYTES } from '../../checkpoint/unixfs.ts'
import { isFloatDtype } from '../../floats/dtypes.ts'
import { firstNonFinite } from '../../floats/scan.ts'
import { checkDtypes, partsAt } from '../../fusion/layout.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import { compileKernels } from './compile-kernels.ts'
import { createKernels, createMemory } from './kernels.ts'

export interface FileToAdmit {
  readonly layout: Layout
  readonly path: string
  /** A file that is there, for a copy; null for none. */
  readonly out: string | null
  /** False: JavaScript alone. Default: WebAssembly where the machine has it. */
  readonly usesKernels?: boolean
}

/** Leaves in memory: those that are read ahead, the one in work, and those on their way to the disk. */
const SLOTS = 4
const AHEAD = 2
/** Elements that a kernel looks at in one step. */
const TOGETHER = 16

/**
 * Takes in a canonical file in one pass: each leaf is hashed and checked while the next is read and the one before is written. A thread of
 * its own would take longer to start than most files take.
 * @returns SHA-256 of each leaf, in order; null when a value is not finite
 * @throws ColdmeshError `bad-checkpoint` (too short); system errors pass through
 */
export async function admitFile({ layout, path, out, usesKernels = true }: FileToAdmit): Promise<Uint8Array | null> {
  checkDtypes(layout)
  await using source = await open(path, 'r')
  await using copy = out === null ? null : await open(out, 'r+')
  const bytes = layout.totalBytes
  const memory = createMemory(SLOTS * LEAF_BYTES)
  const module = usesKernels ? compileKernels() : null
  const kernels = module && createKernels(module, memory)
  const leaves = leafCount(bytes)
  const digests = new Uint8Array(leaves * DIGEST_BYTES)
  const slots = Array.from({ length: SLOTS }, (_, slot) => ({
    at: slot * LEAF_BYTES,
    reading: Promise.resolve(),
    writing: Promise.resolve(),
  }))
  const slotOf = (leaf: number) => slots[leaf % SLOTS] ?? raise()
  const blockOf = (leaf: number) => new Uint8Array(memory.buffer, slotOf(leaf).at, leafBytes({ bytes }, leaf))

  function readAhead(leaf: number): void {
    if (leaf >= leaves) return
    const slot = slotOf(leaf)
    slot.reading = slot.writing.then(() => readWhole(source, blockOf(leaf), leaf * LEAF_BYTES))
    slot.reading.catch(() => {})
  }

  /** Of a leaf in the memory. */
  function isFine(leaf: number): boolean {
    const { at } = slotOf(leaf)
    return partsAt(layout, leaf * LEAF_BYTES, leafBytes({ bytes }, leaf)).every(({ tensor: { dtype }, from, to }) => {
      if (!isFloatDtype(dtype)) return true
      const width = dtype === 'F32' ? 4 : 2
      const count = (to - from) / width
      const most = kernels === null ? 0 : count - (count % TOGETHER)
      if (most > 0 && kernels?.of[dtype].notFinite(at + from, most) !== 0) return false
      return firstNonFinite(dtype, blockOf(leaf).subarray(from + most * width, to)) < 0
    })
  }

  try {
    for (let leaf = 0; leaf < AHEAD; leaf++) readAhead(leaf)
    for (let leaf = 0; leaf < leaves; leaf++) {
      const slot = slotOf(leaf)
      await slot.reading
      readAhead(leaf + AHEAD)
      const block = blockOf(leaf)
      digests.set(hash('sha256', block, 'buffer'), leaf * DIGEST_BYTES)
      if (!isFine(leaf)) return null
      if (copy === null) continue
      slot.writing = writeWhole(copy, block, leaf * LEAF_BYTES)
      slot.writing.catch(() => {})
    }
    await Promise.all(slots.map(({ writing }) => writing))
  } finally {
    // Nothing may use the files once they are closed.
    await Promise.allSettled(slots.flatMap(({ reading, writing }) => [reading, writing]))
  }
  return digests
}

async function readWhole(file: FileHandle, into: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < into.length; ) {
    const { bytesRead } = await file.read(into, done, into.length - done, at + done)
    if (bytesRead === 0) throw new ColdmeshError('bad-checkpoint', 'A file became shorter while it was read.')
    done += bytesRead
  }
}

async function writeWhole(file: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await file.write(bytes, done, bytes.length - done, at + done)).bytesWritten
  }
}

function raise(): never {
  throw new Error('there are slots')
}
