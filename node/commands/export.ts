import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { WrittenArchive } from 'coldmesh'
import type { Call, Run } from '../command.ts'
import { cidText } from '../control/shapes.ts'
import { defined } from '../defined.ts'
import { EXIT } from '../exit-codes.ts'
import { CliError } from '../failure.ts'
import { show } from '../text/escape.ts'
import { dirOf } from './data-dir.ts'
import { openHistorySource } from './history.ts'

type Options = 'dir' | 'out' | 'car' | 'contents'

export const runExport: Run<Options> = async (call) => {
  const { args, options, output, signal } = call
  const cid = args[0] ?? ''
  if (!cidText.safeParse(cid).success) {
    throw new CliError('bad-input', `"${cid}" is not a CID.`, { hint: '`coldmesh log` prints the CIDs of bases.' })
  }
  const { option, path } = placeOf(options)
  if (existsSync(path)) {
    throw new CliError('bad-input', `${path} is there already.`, {
      hint: `Choose an ${option} that does not exist yet.`,
    })
  }
  await using history = await openHistorySource(dirOf(options), signal)
  if (option === '--car') {
    const { contents } = options
    const written = await history.exportArchive(cid, {
      file: path,
      signal,
      ...defined({ contents }),
      onProgress: progressOf(call),
    })
    output.result(written, () => describeArchive(written).join('\n'))
    return EXIT.done
  }
  const exported = await history.export(cid, { out: path })
  output.result(exported, () =>
    [`${exported.kind} ${show(exported.cid)}`, ...exported.files.map((file) => `  ${show(file)}`)].join('\n'),
  )
  return EXIT.done
}

/** @throws CliError `bad-input` unless one place is named */
function placeOf({ out, car, contents }: Call<Options>['options']): { option: '--out' | '--car'; path: string } {
  if (out !== undefined && car !== undefined) {
    throw new CliError('bad-input', '--out and --car are two ways to export.', { hint: 'Name one of them.' })
  }
  if (car !== undefined) return { option: '--car', path: resolve(car) }
  if (contents !== undefined) {
    throw new CliError('bad-input', '--contents says what an archive has.', { hint: 'Add --car FILE.' })
  }
  if (out !== undefined) return { option: '--out', path: resolve(out) }
  throw new CliError('bad-input', 'It is not said where the files should go.', {
    hint: 'Add --out DIR, or --car FILE for one file with the whole history.',
  })
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
