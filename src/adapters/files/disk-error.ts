import { ColdmeshError } from '../../ports/errors.ts'

const HINTS: Readonly<Record<string, string>> = {
  ENOSPC: 'The disk is full: free some space, then run the same command again; nothing was lost.',
  EDQUOT: 'The disk quota is used up: free some space, then run the same command again.',
  EROFS: 'The file system is read-only: choose another data directory.',
  EACCES: 'Give this user read and write permission on the data directory.',
  EPERM: 'Give this user read and write permission on the data directory.',
  EMFILE: 'Too many open files: raise the limit (ulimit -n 4096) and start again.',
  ENFILE: 'The machine has too many open files: close some programs and start again.',
  EIO: 'The disk reports an error: check it before going on.',
}

/** The code of a system error, such as `ENOSPC`; undefined for any other value. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

/** What the machine refused, in words, with a next step. Already ours: passed on. */
export function diskError(error: unknown, doing: string, path: string): ColdmeshError {
  if (error instanceof ColdmeshError) return error
  const code = systemCode(error) ?? 'unknown'
  const hint = HINTS[code] ?? 'Check the path and its permissions.'
  return new ColdmeshError('refused', `Could not ${doing} ${path} (${code}).`, {
    facts: { path, system: code },
    hint,
    cause: error,
  })
}
