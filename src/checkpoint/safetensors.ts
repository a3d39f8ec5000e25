import { FLOAT_BYTES, isFloatDtype } from '../floats/dtypes.ts'
import type { TaskType } from '../ports/dataset.ts'
import { ColdmeshError } from '../ports/errors.ts'
import type { Head, Weights } from '../ports/trainer.ts'
import { decodeFloats, encodeFloats } from './float-tensor.ts'
import { badCheckpoint, show } from './header.ts'
import { encodeLayout, type Layout, parseLayout } from './layout.ts'

const LABELS_KEY = 'labels'
const TASK_KEY = 'task'
const TASK_TYPES = ['single-label', 'multi-label', 'regression'] as const satisfies readonly TaskType[]

/** Elements that are encoded at a time. */
const CHUNK = 262_144

/**
 * Weights as a checkpoint of exactly this layout, in chunks of at most a mebibyte and the header: its bytes from the layout, float tensors from `tensors`,
 * rounded once to the layout's dtype.
 * @param tensors every float tensor of the layout, in any order
 * @param base a file of the same layout that the integer and boolean tensors are copied from; needed only when there are such
 * @returns chunks, each of which may be overwritten once the next is asked for
 * @throws ColdmeshError `bad-checkpoint` when names or shapes differ, before the first chunk, or a value is none of its dtype
 */
export function* encodeChunks(layout: Layout, tensors: readonly Weights[], base?: Uint8Array): Generator<Uint8Array> {
  assertLittleEndian()
  const byName = matchTensors(layout, tensors, base)
  yield layout.header
  const buffer = new Uint8Array(CHUNK * FLOAT_BYTES.F32)
  for (const { name, dtype, begin, end } of layout.tensors) {
    const weights = byName.get(name)
    if (!isFloatDtype(dtype) || weights === undefined) {
      if (base !== undefined) yield base.subarray(layout.dataStart + begin, layout.dataStart + end)
      continue
    }
    for (let first = 0; first < weights.data.length; first += CHUNK) {
      const values = weights.data.subarray(first, first + CHUNK)
      const chunk = buffer.subarray(0, values.length * FLOAT_BYTES[dtype])
      encodeFloats({ name, dtype, first }, values, chunk)
      yield chunk
    }
  }
}

/** The same as a whole. */
export function encodeCheckpoint(layout: Layout, tensors: readonly Weights[], base?: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(layout.totalBytes)
  let at = 0
  for (const chunk of encodeChunks(layout, tensors, base)) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}

/** The float tensors of a layout by their names. */
function matchTensors(layout: Layout, tensors: readonly Weights[], base: Uint8Array | undefined): Map<string, Weights> {
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]))
  const matched = new Map<string, Weights>()
  for (const { name, dtype, shape, begin, end } of layout.tensors) {
    if (!isFloatDtype(dtype)) {
      if (base?.length === layout.totalBytes) continue
      throw badCheckpoint(`Tensor ${show(name)} is ${dtype}: it is copied from a base, which is not given.`)
    }
    const weights = byName.get(name)
    if (weights === undefined) throw badCheckpoint(`The weights lack tensor ${show(name)}.`)
    byName.delete(name)
    if (!equalShapes(weights.shape, shape) || weights.data.length !== (end - begin) / FLOAT_BYTES[dtype])
      throw badCheckpoint(`Tensor ${show(name)} has another shape than in the base.`)
    matched.set(name, weights)
  }
  for (const name of byName.keys()) throw badCheckpoint(`The base has no float tensor ${show(name)}.`)
  return matched
}

/**
 * Reads a checkpoint. `weights` are the float tensors in file order as F32, copied out of `bytes`; BF16 and F16 are widened,
 * exactly; integer tensors are skipped.
 * @throws ColdmeshError `bad-checkpoint`
 */
export function decodeCheckpoint(bytes: Uint8Array): { layout: Layout; weights: readonly Weights[] } {
  return viewCheckpoint(new Uint8Array(bytes)) // `slice` of a Node Buffer would be no copy
}

/** As `decodeCheckpoint`; F32 tensors are views of `bytes`, unless it begins where no float can. */
export function viewCheckpoint(bytes: Uint8Array): { layout: Layout; weights: readonly Weights[] } {
  assertLittleEndian()
  const layout = parseLayout(bytes, bytes.length)
  const data = bytes.subarray(layout.dataStart)
  const isAligned = data.byteOffset % FLOAT_BYTES.F32 === 0
  const aligned = isAligned ? data : new Uint8Array(data)
  const weights: Weights[] = []
  for (const { name, dtype, shape, begin, end } of layout.tensors) {
    if (!isFloatDtype(dtype)) continue
    weights.push({ name, shape, data: decodeFloats(dtype, aligned.subarray(begin, end)) })
  }
  return { layout, weights }
}

/** Writes a task's head as a safetensors file whose metadata holds the labels in the order of the outputs, and the task where one is said. */
export function encodeHead(head: Head): Uint8Array {
  checkHead(head)
  const specs = head.weights.map(({ name, shape }) => ({ name, dtype: 'F32' as const, shape }))
  return encodeCheckpoint(
    encodeLayout(specs, {
      format: 'pt',
      [LABELS_KEY]: JSON.stringify(head.labels),
      ...(head.task && { [TASK_KEY]: head.task }),
    }),
    head.weights,
  )
}

/** @throws ColdmeshError `bad-checkpoint` */
export function decodeHead(bytes: Uint8Array): Head {
  const { layout, weights } = decodeCheckpoint(bytes)
  const task = parseTask(layout.metadata[TASK_KEY])
  const head = { ...(task && { task }), labels: parseLabels(layout.metadata[LABELS_KEY]), weights }
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

function parseTask(text: string | undefined): TaskType | undefined {
  const task = TASK_TYPES.find((type) => type === text)
  if (task === undefined && text !== undefined) throw badCheckpoint(`The task of the head, ${text}, is not known.`)
  return task
}

function checkHead({ task, labels, weights }: Head): void {
  const outputs = task === 'regression' ? 1 : labels.length
  if (task === 'regression' && labels.length > 0) throw badCheckpoint('The head of a regression has no labels.')
  if (outputs < 1 || new Set(labels).size !== labels.length) {
    throw badCheckpoint('The labels of a head must be distinct, and at least one.')
  }
  const [weight, bias] = [shapeOf(weights, 'classifier.weight'), shapeOf(weights, 'classifier.bias')]
  const fits = weight?.length === 2 && weight[0] === outputs && bias?.length === 1 && bias[0] === outputs
  if (!fits || weights.length !== 2) {
    throw badCheckpoint('A head is classifier.weight [labels, hidden] and classifier.bias [labels], and nothing else.')
  }
}

function shapeOf(weights: readonly Weights[], name: string): readonly number[] | undefined {
  return weights.find((tensor) => tensor.name === name)?.shape
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
