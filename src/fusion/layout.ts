import { FLOAT_BYTES, type FloatDtype, isFloatDtype } from '../floats/dtypes.ts'
import { ColdmeshError } from '../ports/errors.ts'

/** What fusion needs to know of a checkpoint's layout; `Layout` of `src/checkpoint` is one. */
export interface FusionLayout {
  /** The file's first `dataStart` bytes. */
  readonly header: Uint8Array
  /** In the order of their offsets, without holes. */
  readonly tensors: readonly FusionTensor[]
  readonly dataStart: number
  readonly totalBytes: number
}

export interface FusionTensor {
  readonly name: string
  readonly dtype: string
  /** Bytes, from `dataStart`. */
  readonly begin: number
  readonly end: number
}

/** A part of one tensor inside a window of the file. */
export interface Part {
  readonly tensor: FusionTensor
  /** Bytes, from the window's start. */
  readonly from: number
  readonly to: number
  /** Index of the part's first byte inside its tensor. */
  readonly skipped: number
}

const COPIED: readonly string[] = ['I64', 'I32', 'I16', 'I8', 'U64', 'U32', 'U16', 'U8', 'BOOL']

/** The float type of a tensor that is fused; null for the others, which are equal to the base's. */
export function fusedDtype({ dtype }: FusionTensor): FloatDtype | null {
  return isFloatDtype(dtype) ? dtype : null
}

/** @throws ColdmeshError `unsupported` when a tensor can be neither fused nor copied */
export function checkDtypes(layout: FusionLayout): void {
  for (const tensor of layout.tensors) {
    const dtype = fusedDtype(tensor)
    if (dtype !== null) {
      if ((layout.dataStart + tensor.begin) % FLOAT_BYTES[dtype] !== 0)
        throw new RangeError('float tensors are aligned')
      continue
    }
    if (COPIED.includes(tensor.dtype)) continue
    const message = `Tensor ${JSON.stringify(tensor.name)} is ${tensor.dtype}; this version fuses F32, BF16 and F16.`
    throw new ColdmeshError('unsupported', message, {
      facts: { tensor: tensor.name, dtype: tensor.dtype },
      hint: 'run `coldmesh import --dtype f32` on the model directory',
    })
  }
}

/** Cuts the window [offset, offset + length) of the file into the parts of the tensors that it has. `next` is where to look first. */
export function partsOf(
  layout: FusionLayout,
  offset: number,
  length: number,
  next: number,
): { parts: Part[]; next: number } {
  const parts: Part[] = []
  let index = next
  for (; index < layout.tensors.length; index++) {
    const tensor = layout.tensors[index]
    if (tensor === undefined) break
    const [begin, end] = [layout.dataStart + tensor.begin, layout.dataStart + tensor.end]
    if (begin >= offset + length) break
    const from = Math.max(begin, offset)
    const to = Math.min(end, offset + length)
    parts.push({ tensor, from: from - offset, to: to - offset, skipped: from - begin })
    if (end > offset + length) break
  }
  return { parts, next: index }
}

/** The same, wherever the window lies. */
export function partsAt(layout: FusionLayout, offset: number, length: number): readonly Part[] {
  let [low, high] = [0, layout.tensors.length]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if (layout.dataStart + (layout.tensors[middle]?.end ?? 0) <= offset) low = middle + 1
    else high = middle
  }
  return partsOf(layout, offset, length, low).parts
}
