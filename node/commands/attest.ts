import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Attested, AttestTarget } from 'coldmesh'
import type { Call } from '../command.ts'
import { defined } from '../defined.ts'
import { CliError } from '../failure.ts'
import { dirOf } from './data-dir.ts'

type Options = 'dir' | 'inToto' | 'modelSigning' | 'mlBom' | 'statedLevel'

/** Whether one of the files for other tools is asked for. @throws CliError for a level that nothing states */
export function isAttesting({ inToto, modelSigning, mlBom, statedLevel }: Call<Options>['options']): boolean {
  if (statedLevel !== undefined && inToto === undefined) {
    throw new CliError('bad-input', '--level goes with --in-toto, which states it.', { hint: 'Add --in-toto FILE.' })
  }
  return inToto !== undefined || modelSigning !== undefined || mlBom !== undefined
}

/** Writes them; a daemon may run on the data directory. */
export async function writeAttestations(target: AttestTarget, { options, signal }: Call<Options>): Promise<Attested> {
  const dataDir = dirOf(options)
  if (!existsSync(dataDir)) {
    throw new CliError('bad-input', `There is no data directory ${dataDir}.`, {
      hint: 'Check --dir: its keys sign, and it has the history.',
    })
  }
  const { attest } = await import('coldmesh')
  const { inToto, modelSigning, mlBom, statedLevel } = options
  const level = statedLevel
  return await attest({ target, dataDir: resolve(dataDir), signal, ...defined({ inToto, modelSigning, mlBom, level }) })
}
