import { type Clipping, decodeNorm } from '../../../protocols/lineage/clipping.ts'
import type { Lineage } from '../../../protocols/lineage/messages.ts'
import type { SignedContribution } from '../../rounds/state.ts'
import type { BadLink } from './bad-link.ts'

/** The first norm or factor of a lineage that is not what its inputs give; null when all are. */
export function falseClipping(
  stated: Pick<Lineage['fusion'], 'factors' | 'norms'>,
  computed: Clipping,
  inputs: readonly SignedContribution[],
): BadLink | null {
  for (const [index, input] of inputs.entries()) {
    const bytes = stated.norms?.[index]
    const said = bytes === undefined ? null : decodeNorm(bytes)
    const norm = computed.norms[index] ?? null
    if (said !== norm) return wrong(input, 'squared norm', said, norm)
    const factor = stated.factors?.[index] ?? null
    const own = computed.factors[index] ?? null
    if (factor !== own) return wrong(input, 'factor', factor, own)
  }
  return null
}

function wrong({ id }: SignedContribution, what: string, said: number | null, own: number | null): BadLink {
  const reason = `differs: the ${what} of contribution ${id} is ${own ?? 'none'}, the lineage says ${said ?? 'none'}`
  return { link: 'lineage', reason }
}
