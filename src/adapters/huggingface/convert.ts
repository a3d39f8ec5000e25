import { encodeFloats } from '../../checkpoint/float-tensor.ts'
import { type Dtype, elementBytes, type Layout } from '../../checkpoint/layout.ts'
import { asFloats, asHalves, type FloatDtype, isFloatDtype } from '../../floats/dtypes.ts'
import { widenHalves } from '../../floats/widen.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import { SOURCE_BYTES } from './loose-header.ts'
import { readAt } from './read-at.ts'
import type { SourceTensor } from './weights-files.ts'

/** Elements converted at a time. */
const BLOCK = 131_072

/**
 * What a tensor of the body becomes: its own dtype, or `wanted` if that is given; integers stay.
 * @throws ColdmeshError `unsupported`
 */
export function targetDtype({ name, dtype, path }: SourceTensor, wanted: FloatDtype | null): Dtype {
  if (dtype === 'I64') return dtype
  if (isFloatDtype(dtype)) return wanted ?? dtype
  if (dtype === 'F64' && wanted !== null) return wanted
  const message = `Tensor ${JSON.stringify(name)} of ${path} is ${dtype}; coldmesh imports F32, BF16 and F16.`
  throw new ColdmeshError('unsupported', message, {
    facts: { tensor: name, dtype },
    hint:
      dtype === 'F64' ? 'add --dtype f32' : 'save the model in one of those first: quantised weights cannot be trained',
  })
}

/**
 * The file of `layout`, in chunks: every tensor from its source, in its new dtype, rounded once at most.
 * @throws ColdmeshError `bad-checkpoint` for NaN, infinity, and a value that the dtype can't hold
 */
export async function* convertWeights(
  layout: Layout,
  sources: ReadonlyMap<string, SourceTensor>,
): AsyncGenerator<Uint8Array> {
  yield layout.header
  for (const { name, dtype } of layout.tensors) {
    const source = sources.get(name)
    if (source === undefined) throw new Error('every tensor of the layout has a source')
    yield* convertTensor(source, dtype)
  }
}

async function* convertTensor(source: SourceTensor, dtype: Dtype): AsyncGenerator<Uint8Array> {
  const size = SOURCE_BYTES[source.dtype] ?? 1
  const elements = (source.end - source.begin) / size
  for (let from = 0; from < elements; from += BLOCK) {
    const count = Math.min(BLOCK, elements - from)
    const bytes = await readAt(source.file, source.begin + from * size, count * size)
    if (!isFloatDtype(dtype)) {
      yield bytes
      continue
    }
    const out = new Uint8Array(count * elementBytes(dtype))
    encodeFloats({ name: source.name, dtype, first: from }, valuesOf(source.dtype, bytes), out)
    yield out
  }
}

function valuesOf(dtype: string, bytes: Uint8Array<ArrayBuffer>): Float32Array | Float64Array {
  if (dtype === 'F64') return new Float64Array(bytes.buffer)
  if (dtype === 'F32') return asFloats(bytes)
  if (dtype !== 'BF16' && dtype !== 'F16') throw new Error('other dtypes were refused before')
  const bits = asHalves(bytes)
  const values = new Float32Array(bits.length)
  widenHalves(dtype, bits, 0, bits.length, values)
  return values
}
