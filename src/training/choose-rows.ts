import { type Example, type Examples, isStored } from '../ports/dataset.ts'
import type { Random } from './random.ts'

/** The rows at `places`, counted from 0. In memory in this order; of a file in its own, without reading it. */
export function rowsAt(examples: Examples, places: ArrayLike<number>): Examples {
  if (!isStored(examples))
    return Array.from(places).flatMap((place): readonly Example[] => examples.slice(place, place + 1))
  const { places: known } = examples
  const sorted = Uint32Array.from(places).sort()
  const inFile = known === undefined ? sorted : sorted.map((place) => known[place] ?? 0)
  return { ...examples, length: sorted.length, places: inFile }
}

/** The first rows, at most `count`. */
export function firstRows(examples: Examples, count: number): Examples {
  if (!isStored(examples)) return examples.slice(0, count)
  if (count >= examples.length) return examples
  return rowsAt(
    examples,
    Uint32Array.from({ length: count }, (_, place) => place),
  )
}

/** `count` of the rows by chance, none twice; all of them, as they are, where there are no more. */
export function sampleRows(examples: Examples, count: number, random: Random): Examples {
  const { length } = examples
  if (count >= length) return examples
  const places = random.shuffle(Uint32Array.from({ length }, (_, place) => place))
  return rowsAt(examples, places.subarray(0, count))
}
