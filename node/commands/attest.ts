import { existsSync } from 'node:fs'
import { resolve, sep } from 'node:path'
import type { Attested, AttestTarget } from 'coldmesh'
import type { Call } from '../command.ts'
import { defined } from '../defined.ts'
import { CliError } from '../failure.ts'
import { dirOf } from './data-dir.ts'

type Options = 'dir' | 'out' | 'inToto' | 'modelSigning' | 'mlBom' | 'statedLevel'

/**
 * Whether one of the files for other tools is asked for.
 * @throws CliError for a level that nothing states, and, before a directory is written, for a file that could not be
 */
export function isAttesting({ inToto, modelSigning, mlBom, statedLevel, out }: Call<Options>['options']): boolean {
  if (statedLevel !== undefined && inToto === undefined) {
    throw new CliError('bad-input', '--level goes with --in-toto, which states it.', { hint: 'Add --in-toto FILE.' })
  }
  const files = [inToto, modelSigning, mlBom].filter((file) => file !== undefined)
  for (const file of files.map((path) => resolve(path))) {
    if (existsSync(file)) {
      throw new CliError('bad-input', `${file} is there already.`, { hint: 'Choose another name, or delete it first.' })
    }
    if (out !== undefined && file.startsWith(`${resolve(out)}${sep}`)) {
      throw new CliError('bad-input', `${file} would lie in the directory that it is about.`, {
        hint: 'Put it beside --out: another file in there makes another base.',
      })
    }
  }
  return files.length > 0
}

/** Writes them; a daemon may run on the data directory. */
export async function writeAttestations(target: AttestTarget, { options, signal }: Call<Options>): Promise<Attested> {
  const { inToto, modelSigning, mlBom, statedLevel } = options
  const dataDir = dirOf(options)
  // an archive has its history, and nobody signs a bill of materials
  const isAlone = 'archive' in target && inToto === undefined && modelSigning === undefined
  if (!existsSync(dataDir) && !isAlone) {
    throw new CliError('bad-input', `There is no data directory ${dataDir}.`, {
      hint: 'Check --dir: its keys sign, and it has the history.',
    })
  }
  const { attest } = await import('coldmesh')
  const known = existsSync(dataDir) ? resolve(dataDir) : undefined
  const files = { inToto, modelSigning, mlBom, level: statedLevel }
  return await attest({ target, signal, ...defined({ dataDir: known, ...files }) })
}
