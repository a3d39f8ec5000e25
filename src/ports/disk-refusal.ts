import { ColdmeshError } from './errors.ts'

const PERMISSION = 'Give this user read and write permission on the data directory.'
const HINTS: Readonly<Record<string, string>> = {
  EROFS: 'The file system is read-only: choose another data directory.',
  EACCES: PERMISSION,
  EPERM: PERMISSION,
  EMFILE: 'Too many open files: raise the limit (ulimit -n 4096) and start again.',
  ENFILE: 'The machine has too many open files: close some programs and start again.',
  EIO: 'The disk reports an error: check it before going on.',
}

/** The next step where the machine's own code does not name one. */
interface NextSteps {
  /** Behind "The disk is full:". */
  readonly full: string
  readonly other: string
}

const OF_FILES: NextSteps = {
  full: 'free some space, then run the same command again; nothing was lost.',
  other: 'Check the path and its permissions.',
}
const OF_BLOCKS: NextSteps = {
  full: 'free some space and try again; what was fetched stays.',
  other: 'Check the permissions of the data directory.',
}

/** The code of a system error, such as `ENOSPC`; undefined for any other value. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

/** What the machine refused, in words, with a next step. Already ours: passed on. */
export function diskError(error: unknown, doing: string, path: string, next: NextSteps = OF_FILES): ColdmeshError {
  if (error instanceof ColdmeshError) return error
  const code = systemCode(error) ?? 'unknown'
  return new ColdmeshError('refused', `Could not ${doing} ${path} (${code}).`, {
    facts: { path, system: code },
    hint: hintOf(code, next),
    cause: error,
  })
}

/** The machine refused to read or write blocks. */
export function diskRefusal(error: unknown, doing: string, directory: string): ColdmeshError {
  return diskError(error, `${doing} in`, directory, OF_BLOCKS)
}

function hintOf(code: string, { full, other }: NextSteps): string {
  if (code === 'ENOSPC') return `The disk is full: ${full}`
  if (code === 'EDQUOT') return `The disk quota is used up: ${full}`
  return HINTS[code] ?? other
}
