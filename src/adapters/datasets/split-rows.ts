import { type Examples, isStored } from '../../ports/dataset.ts'
import { rowsAt } from '../../training/choose-rows.ts'
import { createHoldOut, heldOutShare } from '../../training/hold-out.ts'
import { splitExamples } from '../../training/split.ts'
import { readExamples } from './examples.ts'
import type { OnRead } from './read-meter.ts'

export interface RowSplit {
  readonly training: Examples
  readonly validation: Examples
}

/** `splitExamples` for rows in memory or in a file, of which at most 10,000 are held out. @throws ColdmeshError as `readExamples` */
export async function splitRows(
  examples: Examples,
  { fraction, seed, onRead }: { readonly fraction: number; readonly seed: number; readonly onRead?: OnRead },
): Promise<RowSplit> {
  if (!isStored(examples)) return splitExamples(examples, { fraction, seed })
  const share = heldOutShare(fraction, examples.length)
  const holdOut = createHoldOut({ fraction: share, seed, labelRows: examples.source.labelRows })
  for await (const example of readExamples(examples, onRead)) holdOut.add(example)
  const isHeldOut = holdOut.choose()
  const places = Uint32Array.from({ length: examples.length }, (_, place) => place)
  return {
    training: rowsAt(
      examples,
      places.filter((place) => !isHeldOut(place)),
    ),
    validation: rowsAt(examples, places.filter(isHeldOut)),
  }
}
