import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { CliError } from '../failure.ts'

/** The data directory, absolute. @throws CliError `bad-input` when it is a file */
export function dirOf({ dir }: { readonly dir: string | undefined }): string {
  if (dir === undefined) throw new CliError('bad-input', 'No data directory is given.', { hint: 'Add --dir DIR.' })
  const path = resolve(dir)
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === false) {
    throw new CliError('bad-input', `${path} is a file, and a data directory is a directory.`, {
      hint: 'Name another one with --dir.',
    })
  }
  return path
}
