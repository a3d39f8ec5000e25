import { FLOAT_BYTES } from '../../floats/dtypes.ts'
import { type FusionLayout, fusedDtype } from '../../fusion/layout.ts'
import { SQUARES_BLOCK } from '../../fusion/squares.ts'
import type { Range } from './scan.ts'

/** Where the blocks lie whose squares are summed, in the order in which their sums are added. */
export function squareBlocks({ tensors, dataStart }: FusionLayout): readonly Range[] {
  return tensors.flatMap((tensor) => {
    const dtype = fusedDtype(tensor)
    if (dtype === null) return []
    const size = SQUARES_BLOCK * FLOAT_BYTES[dtype]
    const bytes = tensor.end - tensor.begin
    return Array.from({ length: Math.ceil(bytes / size) }, (_, index) => ({
      offset: dataStart + tensor.begin + index * size,
      bytes: Math.min(size, bytes - index * size),
    }))
  })
}
