import { ColdmeshError } from './errors.ts'

const HINTS: Readonly<Record<string, string>> = {
  ENOSPC: 'The disk is full: free some space and try again; what was fetched stays.',
  EDQUOT: 'The disk quota is used up: free some space and try again; what was fetched stays.',
  EROFS: 'The file system is read-only: choose another data directory.',
  EMFILE: 'Too many open files: raise the limit (ulimit -n 4096) and start again.',
  ENFILE: 'The machine has too many open files: close some programs and start again.',
}

/** The code of a system error, such as `ENOSPC`. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

/** The machine refused to read or write blocks: why, and what to do. */
export function diskRefusal(error: unknown, doing: string, directory: string): ColdmeshError {
  if (error instanceof ColdmeshError) return error
  const code = systemCode(error) ?? 'unknown'
  return new ColdmeshError('refused', `Could not ${doing} in ${directory} (${code}).`, {
    facts: { path: directory, system: code },
    hint: HINTS[code] ?? 'Check the permissions of the data directory.',
    cause: error,
  })
}
