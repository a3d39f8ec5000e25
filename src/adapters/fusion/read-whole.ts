import { readSync } from 'node:fs'

/** Reads into all of `into`; false when the file ends before. */
export function readWhole(file: number, into: Uint8Array, offset: number): boolean {
  return readUpTo(file, into, offset) === into.length
}

/** How many bytes it read: fewer than asked for where the file ends. */
export function readUpTo(file: number, into: Uint8Array, offset: number): number {
  let held = 0
  while (held < into.length) {
    const bytes = readSync(file, into, held, into.length - held, offset + held)
    if (bytes === 0) break
    held += bytes
  }
  return held
}
