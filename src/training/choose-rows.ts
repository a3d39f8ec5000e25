import { type Example, type Examples, isStored } from '../ports/dataset.ts'

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
