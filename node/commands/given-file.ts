import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { CliError } from '../failure.ts'

/** A pipe would wait for somebody to write into it. */
const WITHOUT_WAITING = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)

export interface GivenFile {
  /** No file of this kind is longer. */
  readonly maxBytes: number
  /** Of what it should be: `keys`, `evidence`. */
  readonly what: string
  /** Where such files come from. */
  readonly hint: string
}

/** A small file that the caller of a command named. @throws CliError `bad-input` when it can't be read, is no file, or longer than such a file is */
export function readGiven(path: string, { maxBytes, what, hint }: GivenFile): Buffer {
  let isFile = false
  try {
    const file = openSync(resolve(path), WITHOUT_WAITING)
    try {
      const status = fstatSync(file)
      isFile = status.isFile()
      if (isFile && status.size <= maxBytes) return readFileSync(file)
    } finally {
      closeSync(file)
    }
  } catch (cause) {
    throw new CliError('bad-input', `${path} cannot be read.`, { hint, cause })
  }
  throw new CliError('bad-input', `${path} is no file of ${what}${isFile ? ': it is too long' : ''}.`, { hint })
}
