import { existsSync, statSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Call } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { CliError } from '../failure.ts'
import { collectLineage, type LineageSource } from '../html/collect.ts'
import { renderLineage } from '../html/page.ts'
import { VERSION } from '../package-root.ts'
import { show } from '../text/escape.ts'
import { dirOf } from './data-dir.ts'
import { type HistorySource, openHistorySource } from './history.ts'

type LogCall = Call<'dir' | 'limit' | 'html'>

/** `log --html FILE`: the lineage as one page. */
export async function writeLineagePage(out: string, call: LogCall): Promise<number> {
  const { args, output, signal, options } = call
  const file = resolve(out)
  if (existsSync(file)) {
    throw new CliError('bad-input', `${file} is there already.`, { hint: 'Name a file that does not exist yet.' })
  }
  const [base] = args
  await using opened = isDirectory(base) ? await openExportedSource(base, signal) : await openDataDir(call)
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

interface OpenedSource extends AsyncDisposable {
  readonly source: LineageSource
}

function isDirectory(path: string | undefined): path is string {
  return path !== undefined && statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

async function openExportedSource(dir: string, signal: AbortSignal): Promise<OpenedSource> {
  const { openExported } = await import('coldmesh/history')
  const exported = await openExported(resolve(dir), { signal })
  const source: LineageSource = {
    network: exported.network,
    networkName: exported.networkName,
    head: exported.base,
    log: () => exported.log(),
    reports: async () => [],
    fork: async () => null,
    // The inputs of a base are not among its files.
    measure: async () => null,
  }
  return { source, [Symbol.asyncDispose]: async () => {} }
}

async function openDataDir({ args: [base], options, signal }: LogCall): Promise<OpenedSource> {
  const history = await openHistorySource(dirOf(options), signal)
  return { source: sourceOf(history, base), [Symbol.asyncDispose]: () => history[Symbol.asyncDispose]() }
}

function sourceOf(history: HistorySource, base: string | undefined): LineageSource {
  return {
    network: history.network,
    networkName: history.networkName,
    head: base ?? history.head,
    log: () => history.log(base),
    reports: (of) => history.reports(of),
    fork: () => history.fork(),
    measure: (of) => history.measure(of),
  }
}
