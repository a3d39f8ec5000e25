import { ColdmeshError } from '../ports/errors.ts'
import type { Head, Weights } from '../ports/trainer.ts'
import { badCheckpoint, show } from './header.ts'
import { encodeLayout, type Layout, parseLayout, type TensorEntry } from './layout.ts'

const FLOAT_BYTES = 4
const LABELS_KEY = 'labels'

/**
 * Writes weights as a checkpoint of exactly this layout: header bytes from the layout, F32 tensors from `tensors`.
 * @param tensors every F32 tensor of the layout, in any order
 * @param base a file of the same layout that the integer and boolean tensors are copied from; needed only when there are such
 * @throws ColdmeshError `bad-checkpoint` when names or shapes differ, `unsupported` for BF16 and F16
 */
export function encodeCheckpoint(layout: Layout, tensors: readonly Weights[], base?: Uint8Array): Uint8Array {
  assertLittleEndian()
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]))
  const bytes = new Uint8Array(layout.totalBytes)
  bytes.set(layout.header)
  for (const entry of layout.tensors) {
    const [from, to] = [layout.dataStart + entry.begin, layout.dataStart + entry.end]
    if (entry.dtype !== 'F32') {
      refuseHalfFloats(entry)
      if (base === undefined || base.length !== layout.totalBytes) {
        throw badCheckpoint(
          `Tensor ${show(entry.name)} is ${entry.dtype}: it is copied from a base, which is not given.`,
        )
      }
      bytes.set(base.subarray(from, to), from)
      continue
    }
    const weights = byName.get(entry.name)
    if (weights === undefined) throw badCheckpoint(`The weights lack tensor ${show(entry.name)}.`)
    byName.delete(entry.name)
    if (!equalShapes(weights.shape, entry.shape) || weights.data.length !== (entry.end - entry.begin) / FLOAT_BYTES) {
      throw badCheckpoint(`Tensor ${show(entry.name)} has another shape than in the base.`)
    }
    bytes.set(new Uint8Array(weights.data.buffer, weights.data.byteOffset, weights.data.byteLength), from)
  }
  for (const name of byName.keys()) throw badCheckpoint(`The base has no F32 tensor ${show(name)}.`)
  return bytes
}

/**
 * Reads a checkpoint. `weights` are the F32 tensors in file order, copied out of `bytes`; integer tensors are skipped.
 * @throws ColdmeshError `bad-checkpoint`, `unsupported` for BF16 and F16
 */
export function decodeCheckpoint(bytes: Uint8Array): { layout: Layout; weights: readonly Weights[] } {
  assertLittleEndian()
  const layout = parseLayout(bytes, bytes.length)
  // one copy (`slice` of a Node Buffer would be none): aligned whatever the offset in `bytes`, and independent of it
  const data = new Uint8Array(bytes.subarray(layout.dataStart))
  const weights: Weights[] = []
  for (const entry of layout.tensors) {
    refuseHalfFloats(entry)
    if (entry.dtype !== 'F32') continue
    const elements = (entry.end - entry.begin) / FLOAT_BYTES
    weights.push({ name: entry.name, shape: entry.shape, data: new Float32Array(data.buffer, entry.begin, elements) })
  }
  return { layout, weights }
}

/** Writes a task's head as a safetensors file whose metadata holds the labels in the order of the outputs. */
export function encodeHead(head: Head): Uint8Array {
  checkHead(head)
  const specs = head.weights.map(({ name, shape }) => ({ name, dtype: 'F32' as const, shape }))
  return encodeCheckpoint(
    encodeLayout(specs, { format: 'pt', [LABELS_KEY]: JSON.stringify(head.labels) }),
    head.weights,
  )
}

/** @throws ColdmeshError `bad-checkpoint` */
export function decodeHead(bytes: Uint8Array): Head {
  const { layout, weights } = decodeCheckpoint(bytes)
  const head = { labels: parseLabels(layout.metadata[LABELS_KEY]), weights }
  checkHead(head)
  return head
}

function parseLabels(json: string | undefined): string[] {
  if (json === undefined) throw badCheckpoint('The file has no labels in its metadata: it is not a head.')
  let labels: unknown
  try {
    labels = JSON.parse(json)
  } catch {
    throw badCheckpoint('The labels of the head are not JSON.')
  }
  if (!Array.isArray(labels) || !labels.every((label) => typeof label === 'string')) {
    throw badCheckpoint('The labels of the head are not a list of strings.')
  }
  return labels
}

function checkHead({ labels, weights }: Head): void {
  if (labels.length < 1 || new Set(labels).size !== labels.length) {
    throw badCheckpoint('The labels of a head must be distinct, and at least one.')
  }
  const [weight, bias] = [shapeOf(weights, 'classifier.weight'), shapeOf(weights, 'classifier.bias')]
  const fits = weight?.length === 2 && weight[0] === labels.length && bias?.length === 1 && bias[0] === labels.length
  if (!fits || weights.length !== 2) {
    throw badCheckpoint('A head is classifier.weight [labels, hidden] and classifier.bias [labels], and nothing else.')
  }
}

function shapeOf(weights: readonly Weights[], name: string): readonly number[] | undefined {
  return weights.find((tensor) => tensor.name === name)?.shape
}

function refuseHalfFloats(entry: TensorEntry): void {
  if (entry.dtype !== 'BF16' && entry.dtype !== 'F16') return
  throw new ColdmeshError(
    'unsupported',
    `Tensor ${show(entry.name)} is ${entry.dtype}; this version trains and fuses F32 only.`,
    {
      hint: 'convert the model to F32 before `coldmesh import`',
    },
  )
}

function equalShapes(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, index) => size === b[index])
}

/** Files are little-endian, and typed arrays are the machine's. */
function assertLittleEndian(): void {
  if (new Uint8Array(new Uint16Array([1]).buffer)[0] !== 1) {
    throw new ColdmeshError('refused', 'This machine is big-endian; coldmesh needs a little-endian one.')
  }
}
