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

/**
 * Writes weights as a checkpoint of exactly this layout: header bytes from the layout, float tensors from `tensors`, rounded
 * once to the layout's dtype.
 * @param tensors every float tensor of the layout, in any order
 * @param base a file of the same layout that the integer and boolean tensors are copied from; needed only when there are such
 * @throws ColdmeshError `bad-checkpoint` when names or shapes differ, or a value is none of its dtype
 */
export function encodeCheckpoint(layout: Layout, tensors: readonly Weights[], base?: Uint8Array): Uint8Array {
  assertLittleEndian()
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]))
  const bytes = new Uint8Array(layout.totalBytes)
  bytes.set(layout.header)
  for (const entry of layout.tensors) {
    const [from, to] = [layout.dataStart + entry.begin, layout.dataStart + entry.end]
    const { name, dtype, shape } = entry
    if (!isFloatDtype(dtype)) {
      if (base === undefined || base.length !== layout.totalBytes) {
        throw badCheckpoint(`Tensor ${show(name)} is ${dtype}: it is copied from a base, which is not given.`)
      }
      bytes.set(base.subarray(from, to), from)
      continue
    }
    const weights = byName.get(name)
    if (weights === undefined) throw badCheckpoint(`The weights lack tensor ${show(name)}.`)
    byName.delete(name)
    if (!equalShapes(weights.shape, shape) || weights.data.length !== (to - from) / FLOAT_BYTES[dtype]) {
      throw badCheckpoint(`Tensor ${show(name)} has another shape than in the base.`)
    }
    encodeFloats({ name, dtype }, weights.data, bytes.subarray(from, to))
  }
  for (const name of byName.keys()) throw badCheckpoint(`The base has no float tensor ${show(name)}.`)
  return bytes
}

/**
 * Reads a checkpoint. `weights` are the float tensors in file order as F32, copied out of `bytes`; BF16 and F16 are widened,
 * exactly; integer tensors are skipped.
 * @throws ColdmeshError `bad-checkpoint`
 */
export function decodeCheckpoint(bytes: Uint8Array): { layout: Layout; weights: readonly Weights[] } {
  assertLittleEndian()
  const layout = parseLayout(bytes, bytes.length)
  // one copy (`slice` of a Node Buffer would be none): aligned whatever the offset in `bytes`, and independent of it
  const data = new Uint8Array(bytes.subarray(layout.dataStart))
  const weights: Weights[] = []
  for (const entry of layout.tensors) {
    const { name, dtype, shape, begin, end } = entry
    if (!isFloatDtype(dtype)) continue
    weights.push({ name, shape, data: decodeFloats(dtype, data.subarray(begin, end)) })
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
