import { canonicalOrder, encodeLayout, type Layout } from '../../checkpoint/layout.ts'
import type { FloatDtype } from '../../floats/dtypes.ts'
import type { BodyTensor } from './body.ts'
import { convertWeights, targetDtype } from './convert.ts'

/**
 * The canonical model.safetensors of these tensors, read and converted as it is asked for.
 * @param dtype what the float tensors become; null keeps each one's own
 * @throws ColdmeshError `unsupported` for a dtype that is not imported
 */
export function canonicalFile(
  tensors: readonly BodyTensor[],
  dtype: FloatDtype | null,
): { readonly layout: Layout; readonly weights: () => AsyncGenerator<Uint8Array> } {
  const specs = tensors.map(({ name, source }) => ({ name, shape: source.shape, dtype: targetDtype(source, dtype) }))
  const layout = encodeLayout(canonicalOrder(specs), { format: 'pt' })
  const sources = new Map(tensors.map(({ name, source }) => [name, source]))
  return { layout, weights: () => convertWeights(layout, sources) }
}
