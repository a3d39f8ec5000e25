import { clippedMean } from './clipped-mean.ts'
import { mean } from './mean.ts'
import { createMedian, createTrimmedMean } from './order.ts'
import type { Overflow } from './rebase.ts'
import type { ReadyRule } from './rule.ts'
import { BLOCK, type Block, roundNumbers, type Span, visitBlocks } from './span.ts'
import { createTies } from './ties.ts'
import { weightedMean } from './weighted-mean.ts'

/**
 * Fuses a span into `out`. Spans come in the files' order, each once. Returns the first input whose rebased value is not finite;
 * `out` is then worth nothing. NaN and infinities are not looked for.
 */
export type SpanFuser = (span: Span, out: Uint8Array) => Overflow | null

/** Every rule in JavaScript, for `count` inputs. What stands in for it gives the same bits. */
export function createSpanFuser(ready: ReadyRule, count: number): SpanFuser {
  const numbersOf = createNumbers(ready, count)
  const numbers = new Float64Array(BLOCK)
  const options = { isRounded: takesRounded(ready) }
  return (span, out) =>
    visitBlocks(span, options, (block, from) => {
      numbersOf(block, numbers)
      if (ready.step !== null) stepTowards(block, numbers, ready.step)
      roundNumbers(span.dtype, numbers, block.length, out, from)
    })
}

/** mean/1 alone takes a late input as the double that it stands for. */
export function takesRounded({ rule }: Pick<ReadyRule, 'rule'>): boolean {
  return rule !== 'mean/1'
}

/** The numbers of a rule for a block's elements, before they are rounded. */
function createNumbers(ready: ReadyRule, count: number): (block: Block, numbers: Float64Array) => void {
  switch (ready.rule) {
    case 'mean/1':
      return mean
    case 'weighted-mean/1':
      return (block, numbers) => weightedMean(block, numbers, ready)
    case 'clipped-mean/1':
      return (block, numbers) => clippedMean(block, numbers, ready)
    case 'trimmed-mean/1':
      return createTrimmedMean(count, ready.trim)
    case 'median/1':
      return createMedian(count)
    case 'ties/1':
      return createTies(ready.kept, ready)
  }
}

function stepTowards({ length, base }: Block, numbers: Float64Array, step: number): void {
  for (let i = 0; i < length; i++) {
    const from = base[i] ?? 0
    numbers[i] = from + step * ((numbers[i] ?? 0) - from)
  }
}
