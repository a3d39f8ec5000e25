import { type Clipping, clipFactors } from '../../../protocols/lineage/clipping.ts'
import { LEAF_BYTES } from '../../checkpoint/leaves.ts'
import type { FusionLayout } from '../../fusion/layout.ts'
import { keptElements, type Place, placeOf, RADIX } from '../../fusion/magnitudes.ts'
import { floatElements } from '../../fusion/measure.ts'
import type { ReadyRule, StatedRule } from '../../fusion/rule.ts'
import { squareBlocks } from './blocks.ts'
import { clearCounts, createCounts, readCounts } from './counts.ts'
import type { Outcome, Pass } from './job.ts'

/** Does a pass over all files. */
type RunPass = (pass: Pass) => Promise<readonly Outcome[]>

interface Files {
  readonly layout: FusionLayout
  /** How many. */
  readonly inputs: number
}

export interface MeasuredFiles {
  readonly ready: ReadyRule
  readonly clipping: Clipping | null
  /** See `Pass`. */
  readonly equalBefore: SharedArrayBuffer | null
}

/** Makes a rule ready, as `measure` of src/fusion does, in passes that threads share. */
export async function measureFiles(stated: StatedRule, files: Files, run: RunPass): Promise<MeasuredFiles> {
  if (stated.rule === 'clipped-mean/1') {
    const norms = await squaredNorms(files, run)
    const factors = clipFactors(norms)
    return { ready: { ...stated, factors }, clipping: { factors, norms }, equalBefore: null }
  }
  if (stated.rule !== 'ties/1') return { ready: stated, clipping: null, equalBefore: null }
  const { rule, step, scale, density } = stated
  const { kept, equalBefore } = await selectKept(files, density, run)
  return { ready: { rule, step, scale, kept }, clipping: null, equalBefore }
}

/** The blocks' sums, added in order. */
async function squaredNorms({ layout, inputs }: Files, run: RunPass): Promise<readonly number[]> {
  const blocks = squareBlocks(layout).length
  const sums = new SharedArrayBuffer(blocks * inputs * Float64Array.BYTES_PER_ELEMENT)
  await run({ kind: 'squares', sums })
  const doubles = new Float64Array(sums)
  return Array.from({ length: inputs }, (_, input) => {
    let total = 0
    for (let block = 0; block < blocks; block++) total += doubles[block * inputs + input] ?? 0
    return total
  })
}

type Selected = Pick<ReadyRule & { rule: 'ties/1' }, 'kept'> & Pick<MeasuredFiles, 'equalBefore'>

async function selectKept({ layout, inputs }: Files, density: number, run: RunPass): Promise<Selected> {
  const elements = floatElements(layout)
  const wanted = keptElements(elements, density)
  if (wanted === elements) {
    return { kept: Array.from({ length: inputs }, () => ({ key: 0, equal: elements })), equalBefore: null }
  }
  const counts = createCounts(inputs)
  await run({ kind: 'count', uppers: null, counts })
  const each = Array.from({ length: inputs }, (_, input) => input)
  const doubles = new Float64Array(RADIX)
  const placeIn = (input: number, left: number) => place(readCounts(counts, input, doubles), left)
  const high = each.map((input) => placeIn(input, wanted))
  const uppers = high.map(({ bin }) => bin)
  clearCounts(counts)
  await run({ kind: 'count', uppers, counts })
  const low = each.map((input) => placeIn(input, high[input]?.left ?? 1))
  const kept = low.map(({ bin, left }, input) => ({ key: (uppers[input] ?? 0) * RADIX + bin, equal: left }))
  // where all that are equal to the key are kept, nobody needs to know where they are
  if (low.every(({ here, left }) => here === left)) return { kept, equalBefore: null }
  const leaves = Math.ceil(layout.totalBytes / LEAF_BYTES)
  const equal = new SharedArrayBuffer((leaves + 1) * inputs * Float64Array.BYTES_PER_ELEMENT)
  await run({ kind: 'equal', keys: kept.map(({ key }) => key), equal })
  return { kept, equalBefore: accumulate(equal, inputs) }
}

function place(counts: Float64Array, wanted: number): Place & { readonly here: number } {
  const found = placeOf(counts, wanted)
  return { ...found, here: counts[found.bin] ?? 0 }
}

/** Of each leaf the sum of those before it, in place. */
function accumulate(shared: SharedArrayBuffer, inputs: number): SharedArrayBuffer {
  const values = new Float64Array(shared)
  for (let input = 0; input < inputs; input++) {
    let total = 0
    for (let at = input; at < values.length; at += inputs) {
      const here = values[at] ?? 0
      values[at] = total
      total += here
    }
  }
  return shared
}
