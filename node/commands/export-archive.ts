import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { WrittenArchive } from 'coldmesh'
import type { Call } from '../command.ts'
import { cidText } from '../control/shapes.ts'
import { defined } from '../defined.ts'
import { EXIT } from '../exit-codes.ts'
import { CliError } from '../failure.ts'
import { show } from '../text/escape.ts'
import { isAttesting } from './attest.ts'
import { dirOf } from './data-dir.ts'
import { openHistorySource } from './history.ts'

type Options = 'dir' | 'out' | 'car' | 'contents' | 'inToto' | 'modelSigning' | 'mlBom' | 'statedLevel'

/** Whether a base is asked for as one file. @throws CliError `bad-input` when something else is asked for with it */
export function isArchiving(options: Call<Options>['options']): boolean {
  const { out, car, contents } = options
  if (car === undefined) {
    if (contents === undefined) return false
    throw new CliError('bad-input', '--contents says what an archive has.', { hint: 'Add --car FILE.' })
  }
  if (out !== undefined) {
    throw new CliError('bad-input', '--out and --car are two ways to export.', { hint: 'Name one of them.' })
  }
  if (!isAttesting(options)) return true
  throw new CliError('bad-input', '--car writes an archive, and no file for other tools.', {
    hint: 'Ask for those in a second command, without --car.',
  })
}

/** Writes a base and its history as one file; a daemon may run on the data directory. */
export async function exportArchive(cid: string, call: Call<Options>): Promise<number> {
  const { options, output, signal } = call
  if (!cidText.safeParse(cid).success) {
    throw new CliError(
      'bad-input',
      `"${cid}" is not the CID of a base, and an archive is made from a data directory.`,
      {
        hint: 'Name the CID of a base that the data directory has: `coldmesh log` prints them.',
      },
    )
  }
  const file = resolve(options.car ?? '')
  if (existsSync(file)) {
    throw new CliError('bad-input', `${file} is there already.`, { hint: 'Choose a --car that does not exist yet.' })
  }
  await using history = await openHistorySource(dirOf(options), signal)
  const { contents } = options
  const written = await history.exportArchive(cid, {
    file,
    signal,
    ...defined({ contents }),
    onProgress: progressOf(call),
  })
  output.result(written, () => describeArchive(written).join('\n'))
  return EXIT.done
}

function progressOf({ output }: Call<Options>): (progress: { readonly blocks: number; readonly of: number }) => void {
  let shown = -1
  return ({ blocks, of }) => {
    const percent = Math.floor((100 * blocks) / of)
    if (percent === shown || !process.stderr.isTTY || output.json) return
    shown = percent
    process.stderr.write(`\r\u001b[Kwrites block ${blocks} of ${of}${blocks === of ? '\r\u001b[K' : ''}`)
  }
}

function describeArchive({ cid, root, round, contents, certified, blocks, bytes, files }: WrittenArchive): string[] {
  const of = `${contents} of round ${round}${certified ? '' : ', not certified: a mere proposal'}`
  return [
    `archive ${show(root)}`,
    `  base ${show(cid)}, ${of}`,
    `  ${blocks} blocks, ${bytes} bytes`,
    ...files.map((file) => `  ${show(file)}`),
  ]
}
