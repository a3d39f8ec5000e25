import { ColdmeshError } from '../../ports/errors.ts'

/** Does `work` on the disk. @throws ColdmeshError `refused` for what the machine refuses, with its code and a next step */
export async function onDisk<T>(doing: string, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const code = systemCode(error)
    if (code === null) throw error
    const isFull = code === 'ENOSPC' || code === 'EDQUOT'
    throw new ColdmeshError('refused', `Could not ${doing} ${path} (${code})`, {
      facts: { path, system: code },
      hint: isFull
        ? 'The disk is full: free some space and try again. A work directory holds the base and what is trained of it, in F32.'
        : 'Check the path and its permissions.',
      cause: error,
    })
  }
}

function systemCode(error: unknown): string | null {
  return error instanceof Error && 'code' in error && 'syscall' in error ? String(error.code) : null
}
