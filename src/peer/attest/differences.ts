/** A place where two values are not the same. */
export interface Difference {
  /** For example `predicate.inputs[0].dataset.rows`. Names may be a peer's text. */
  readonly place: string
  readonly reason: string
}

const MAX_DIFFERENCES = 20
const MAX_SHOWN = 100

/** Where what is said is not what is true, by both values; at most twenty places. */
export function differencesOf(said: unknown, truth: unknown, place = ''): readonly Difference[] {
  const found: Difference[] = []
  compare(said, truth, place, found)
  return found
}

function compare(said: unknown, truth: unknown, place: string, found: Difference[]): void {
  if (found.length >= MAX_DIFFERENCES || said === truth) return
  if (Array.isArray(said) && Array.isArray(truth)) {
    const [a, b]: [readonly unknown[], readonly unknown[]] = [said, truth]
    if (a.length !== b.length) found.push({ place, reason: `says ${a.length} of them, there are ${b.length}` })
    for (let i = 0; i < Math.min(a.length, b.length); i++) compare(a[i], b[i], `${place}[${i}]`, found)
    return
  }
  if (isRecord(said) && isRecord(truth)) {
    for (const name of new Set([...Object.keys(truth), ...Object.keys(said)])) {
      const inside = place === '' ? name : `${place}.${name}`
      if (!Object.hasOwn(said, name)) add(found, inside, `says nothing, it is ${shown(truth[name])}`)
      else if (!Object.hasOwn(truth, name)) add(found, inside, `says ${shown(said[name])}, nothing is there`)
      else compare(said[name], truth[name], inside, found)
    }
    return
  }
  add(found, place, `says ${shown(said)}, it is ${shown(truth)}`)
}

function add(found: Difference[], place: string, reason: string): void {
  if (found.length < MAX_DIFFERENCES) found.push({ place, reason })
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text
}
