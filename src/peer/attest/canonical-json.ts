import { ColdmeshError } from '../../ports/errors.ts'

/** What attestations are made of: whole numbers, no fractions. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }

const MAX_DEPTH = 64

/**
 * The one spelling of a value (RFC 8785, of integers): names sorted by code unit, no white space. What is not of these types is our
 * bug, except in what others wrote: that is `bad-input`.
 * @throws ColdmeshError `bad-input`: a number that is no whole number up to 2^53 - 1, nested too deeply
 */
export function canonicalJson(value: unknown, depth = 0): string {
  if (depth > MAX_DEPTH) throw new ColdmeshError('bad-input', 'It is nested too deeply.')
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) return String(value)
    throw new ColdmeshError('bad-input', `${value} is no whole number that every reader keeps.`)
  }
  if (Array.isArray(value)) return `[${value.map((item: unknown) => canonicalJson(item, depth + 1)).join(',')}]`
  if (typeof value !== 'object') throw new Error(`JSON has no ${typeof value}`)
  const members = Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, item]) => `${JSON.stringify(name)}:${canonicalJson(item, depth + 1)}`)
  return `{${members.join(',')}}`
}

/** The same order of names, for people to read: two spaces, a line each, one at the end. */
export function readableJson(value: Json): string {
  const sorted = (_name: string, item: unknown) =>
    typeof item === 'object' && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item
  return `${JSON.stringify(value, sorted, 2)}\n`
}
