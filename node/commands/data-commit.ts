import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { CommitOptions } from 'coldmesh'
import type { Call, Run } from '../command.ts'
import { defined } from '../defined.ts'
import { EXIT } from '../exit-codes.ts'
import { CliError } from '../failure.ts'
import { jsonLine, show } from '../text/escape.ts'
import { withReadingLine } from '../text/reading.ts'
import { dirOf } from './data-dir.ts'
import { type DatasetOption, datasetOptionsOf } from './dataset.ts'

type Options = 'dir' | DatasetOption | 'task' | 'salt' | 'out'

const MAX_ROW = 200

export const runDataCommit: Run<Options> = async (call) => {
  const { args, output } = call
  const out = newFile(call.options.out)
  const { commitDataset } = await import('coldmesh')
  const reading = await commitOptionsOf(call)
  const { file, ...said } = await withReadingLine(output, (onRead) =>
    commitDataset(resolve(args[0] ?? ''), { ...reading, onRead }),
  )
  if (out !== null) await writeFile(out, file, { flag: 'wx' })
  output.result({ ...said, file: out }, () =>
    [
      `${said.rows} rows of ${show(said.name)}`,
      `root ${said.root}`,
      ...(out === null ? [] : [`in   ${show(out)}`]),
    ].join('\n'),
  )
  return EXIT.done
}

export const runDataProveRow: Run<Options | 'row'> = async (call) => {
  const { args, options, output } = call
  if (options.row === undefined) {
    throw new CliError('bad-input', 'It is not said which row.', { hint: 'Add --row N, counted from 1.' })
  }
  const { row } = options
  const out = newFile(options.out)
  const { proveDatasetRow } = await import('coldmesh')
  const reading = await commitOptionsOf(call)
  const { file, ...said } = await withReadingLine(output, (onRead) =>
    proveDatasetRow(resolve(args[0] ?? ''), { ...reading, row, onRead }),
  )
  if (out !== null) await writeFile(out, file, { flag: 'wx' })
  output.result({ ...said, ...(out === null ? { proof: JSON.parse(file) } : { file: out }) }, () =>
    out === null
      ? jsonLine(JSON.parse(file))
      : [
          `row ${said.place} of ${said.rows}: ${show(said.row, { maxLength: MAX_ROW })}`,
          `root ${said.root}`,
          `in   ${show(out)}: whoever gets it reads this row, and nothing of the others`,
        ].join('\n'),
  )
  return EXIT.done
}

/** The salt is the data directory's, as a contribution has it, unless a file of one is named alone. */
async function commitOptionsOf({ options }: Call<Options>): Promise<CommitOptions> {
  const { task, salt } = options
  const isOwn = options.dir !== undefined || salt === undefined
  const dir = isOwn ? dirOf({ dir: options.dir ?? (await import('coldmesh')).defaultDataDir() }) : undefined
  if (dir !== undefined && !existsSync(dir)) {
    throw new CliError('bad-input', `There is no data directory ${dir}, whose salt contributions have.`, {
      hint: 'Check --dir, or keep a salt of its own for these data: --salt FILE.',
    })
  }
  return {
    ...datasetOptionsOf(options),
    ...defined({ name: task, dir, saltFile: salt === undefined ? undefined : resolve(salt) }),
  }
}

function newFile(path: string | undefined): string | null {
  if (path === undefined) return null
  const out = resolve(path)
  if (!existsSync(out)) return out
  throw new CliError('bad-input', `${out} is there already.`, { hint: 'Name a file that does not exist yet.' })
}
