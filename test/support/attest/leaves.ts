/** A place in a JSON value: names and indexes on the way to it. */
export type Path = readonly (string | number)[]

/** Every value that is no list and no object, and every list and object that is empty. */
export function* leavesOf(
  value: unknown,
  path: Path = [],
): Generator<{ readonly path: Path; readonly value: unknown }> {
  const inside = Array.isArray(value)
    ? value.map((item: unknown, i) => [i, item] as const)
    : typeof value === 'object' && value !== null
      ? Object.entries(value)
      : []
  if (inside.length === 0) yield { path, value }
  for (const [name, item] of inside) yield* leavesOf(item, [...path, name])
}

/** The same value but for one place. */
export function withLeaf(value: unknown, [first, ...rest]: Path, leaf: unknown): unknown {
  if (first === undefined) return leaf
  if (Array.isArray(value)) return value.map((item: unknown, i) => (i === first ? withLeaf(item, rest, leaf) : item))
  const entries = Object.entries(Object(value))
  return Object.fromEntries(entries.map(([name, item]) => [name, name === first ? withLeaf(item, rest, leaf) : item]))
}

/** Another value of the same type, where there is one. */
export function otherThan(value: unknown): unknown {
  if (typeof value === 'number') return value + 1
  if (typeof value === 'boolean') return !value
  if (typeof value === 'string') return value === '' ? 'x' : `${value.slice(0, -1)}${value.endsWith('a') ? 'b' : 'a'}`
  return 'something'
}

/** As reports name places: `predicate.inputs[0].id`. */
export const placeOf = (path: Path) =>
  path.map((step, i) => (typeof step === 'number' ? `[${step}]` : i === 0 ? step : `.${step}`)).join('')
