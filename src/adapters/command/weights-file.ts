import { type FileHandle, open } from 'node:fs/promises'
import { basename } from 'node:path'
import { encodeLayout, type Layout, MAX_DATA_START, parseLayout } from '../../checkpoint/layout.ts'
import { firstNonFiniteFloat } from '../../floats/scan.ts'
import { ColdmeshError, isColdmeshError } from '../../ports/errors.ts'
import type { Weights } from '../../ports/trainer.ts'
import { elementCount, sameShape } from '../../training/shape.ts'
import { onDisk } from './disk.ts'

/** Bytes of one read or write: below what every system takes at once. */
const PIECE_BYTES = 64 * 1_048_576

/** Writes F32 tensors as a safetensors file, in their order, without a second copy in memory. @throws ColdmeshError `refused` */
export async function writeWeights(path: string, tensors: readonly Weights[]): Promise<void> {
  const layout = encodeLayout(
    tensors.map(({ name, shape }) => ({ name, dtype: 'F32', shape })),
    { format: 'pt' },
  )
  await onDisk('write', path, async () => {
    await using file = await open(path, 'wx')
    await file.writeFile(layout.header)
    for (const { data } of tensors) await file.writeFile(bytesOf(data))
  })
}

/** A tensor that a program must have written. */
export interface Expected {
  readonly name: string
  readonly shape: readonly number[]
}

/**
 * Reads what a program wrote: exactly the tensors that are expected of it, in their order, each F32, of that shape and finite. What else is
 * in the file is passed over, and named.
 *
 * @param path for messages it ends with out/model.safetensors or out/head.safetensors
 * @param expectedOf what the file must hold, given what it says that it holds
 * @throws ColdmeshError `bad-checkpoint`, naming the tensor
 */
export async function readWeights(
  path: string,
  expectedOf: (tensors: Layout['tensors']) => readonly Expected[],
): Promise<{ readonly weights: readonly Weights[]; readonly extra: readonly string[] }> {
  const faults = faultsOf(path)
  return await onDisk('read', path, async () => {
    await using file = await open(path, 'r')
    const layout = await readLayout(file, faults)
    const expected = expectedOf(layout.tensors)
    const weights: Weights[] = []
    for (const { name, shape } of expected) {
      const at = layout.dataStart + placeOf(layout, { name, shape }, faults)
      const data = new Float32Array(elementCount(shape))
      await readInto(file, at, bytesOf(data), faults)
      const bad = firstNonFiniteFloat(data)
      if (bad >= 0) throw faults(`has ${data[bad]} in the tensor ${JSON.stringify(name)}, at element ${bad}`, name)
      weights.push({ name, shape, data })
    }
    const names = new Set(expected.map(({ name }) => name))
    return { weights, extra: layout.tensors.map(({ name }) => name).filter((name) => !names.has(name)) }
  })
}

type Faults = (problem: string, tensor?: string, cause?: unknown) => ColdmeshError

function faultsOf(path: string): Faults {
  return (problem, tensor, cause) =>
    new ColdmeshError('bad-checkpoint', `The program's out/${basename(path)} ${problem}`, {
      facts: { path, ...(tensor === undefined ? {} : { tensor }) },
      hint: 'docs/command-trainer.md says what a program must write: every tensor, under its name, in F32 and finite.',
      cause,
    })
}

async function readLayout(file: FileHandle, faults: Faults): Promise<Layout> {
  const { size } = await file.stat()
  const first = new Uint8Array(Math.min(size, MAX_DATA_START))
  await readInto(file, 0, first, faults)
  try {
    return parseLayout(first, size)
  } catch (cause) {
    if (!isColdmeshError(cause)) throw cause
    throw faults(`is no safetensors file that coldmesh reads: ${cause.message}`, undefined, cause)
  }
}

/** Byte of a tensor's beginning in the data. */
function placeOf({ tensors }: Layout, { name, shape }: Expected, faults: Faults): number {
  const found = tensors.find((tensor) => tensor.name === name)
  const quoted = JSON.stringify(name)
  if (found === undefined) throw faults(`lacks the tensor ${quoted}`, name)
  if (found.dtype !== 'F32') throw faults(`has the tensor ${quoted} in ${found.dtype}, it must be F32`, name)
  if (!sameShape(found.shape, shape)) {
    throw faults(`has the tensor ${quoted} of shape [${found.shape}], it must be [${shape}]`, name)
  }
  return found.begin
}

async function readInto(file: FileHandle, position: number, bytes: Uint8Array, faults: Faults): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const piece = bytes.subarray(at, at + PIECE_BYTES)
    const { bytesRead } = await file.read(piece, 0, piece.length, position + at)
    if (bytesRead === 0) throw faults('became shorter while it was read')
    at += bytesRead
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}
