import { resolve } from 'node:path'
import { CliError } from '../failure.ts'

/** The data directory, absolute. */
export function dirOf({ dir }: { readonly dir: string | undefined }): string {
  if (dir === undefined) throw new CliError('bad-input', 'No data directory is given.', { hint: 'Add --dir DIR.' })
  return resolve(dir)
}
