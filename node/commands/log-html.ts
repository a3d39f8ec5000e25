import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Call } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { CliError } from '../failure.ts'
import { collectLineage } from '../html/collect.ts'
import { renderLineage } from '../html/page.ts'
import { VERSION } from '../package-root.ts'
import { show } from '../text/escape.ts'
import { openLineage } from './lineage-source.ts'

type LogCall = Call<'dir' | 'limit' | 'html'>

/** `log --html FILE`: the lineage as one page. */
export async function writeLineagePage(out: string, call: LogCall): Promise<number> {
  const { args, output, signal, options } = call
  const file = resolve(out)
  if (existsSync(file)) {
    throw new CliError('bad-input', `${file} is there already.`, { hint: 'Name a file that does not exist yet.' })
  }
  await using opened = await openLineage(args[0], call)
  const { limit } = options
  const lineage = await collectLineage(opened.source, { signal, ...(limit === undefined ? {} : { limit }) })
  const page = renderLineage(lineage, { version: VERSION })
  await writeFile(file, page, { flag: 'wx' })
  const { rounds, folded, end } = lineage
  const count = rounds.length + folded.reduce((sum, range) => sum + range.rounds, 0)
  const bytes = Buffer.byteLength(page)
  output.result({ file, base: lineage.head, rounds: count, bytes, end }, () =>
    [
      `${show(file)}: ${count} rounds, ${Math.ceil(bytes / 1024)} KiB; open it in a browser`,
      ...(end === null ? [] : [`the rounds before are not here: ${show(end)}`]),
    ].join('\n'),
  )
  return EXIT.done
}
