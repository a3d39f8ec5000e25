import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Run } from '../command.ts'
import { cidText } from '../control/shapes.ts'
import { EXIT } from '../exit-codes.ts'
import { CliError } from '../failure.ts'
import { show } from '../text/escape.ts'
import { dirOf } from './data-dir.ts'
import { openHistorySource } from './history.ts'

export const runExport: Run<'dir' | 'out'> = async ({ args, options, output, signal }) => {
  const cid = args[0] ?? ''
  if (!cidText.safeParse(cid).success) {
    throw new CliError('bad-input', `"${cid}" is not a CID.`, { hint: '`coldmesh log` prints the CIDs of bases.' })
  }
  if (options.out === undefined) {
    throw new CliError('bad-input', 'It is not said where the files should go.', { hint: 'Add --out DIR.' })
  }
  const out = resolve(options.out)
  if (existsSync(out)) {
    throw new CliError('bad-input', `${out} is there already.`, { hint: 'Choose an --out that does not exist yet.' })
  }
  await using history = await openHistorySource(dirOf(options), signal)
  const exported = await history.export(cid, { out })
  output.result(exported, () =>
    [`${exported.kind} ${show(exported.cid)}`, ...exported.files.map((file) => `  ${show(file)}`)].join('\n'),
  )
  return EXIT.done
}
