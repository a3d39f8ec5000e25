import { resolve } from 'node:path'
import type { CheckedProof, ComparedDataset, KnownCommitment, StatedCommitment } from 'coldmesh'
import { decodeStatement, MAX_PROOF_BYTES, MAX_STATEMENT_BYTES } from 'coldmesh/protocols'
import type { Call, Run } from '../command.ts'
import { cidText } from '../control/shapes.ts'
import { defined } from '../defined.ts'
import { EXIT } from '../exit-codes.ts'
import { CliError } from '../failure.ts'
import { short, show } from '../text/escape.ts'
import { withReadingLine } from '../text/reading.ts'
import { dirOf } from './data-dir.ts'
import { type DatasetOption, datasetOptionsOf } from './dataset.ts'
import { readGiven } from './given-file.ts'
import { openHistorySource } from './history.ts'

type Against = 'dir' | 'root' | 'rows' | 'statement' | 'contribution'

const MAX_ROW = 200

type Known = KnownCommitment & Partial<Omit<StatedCommitment, keyof KnownCommitment>>

export const runDataCheck: Run<Against> = async (call) => {
  const { args, output } = call
  const against = await knownCommitments(call)
  if (against === null) {
    throw new CliError('bad-input', 'It is not said what to check the proof against.', {
      hint: 'Add --contribution DIR, --dir DIR, --statement FILE, or --root HEX.',
    })
  }
  const text = readText(args[0] ?? '', MAX_PROOF_BYTES)
  const { checkDatasetProof } = await import('coldmesh')
  const checked = checkDatasetProof(text, against)
  const by = against.find(({ root, rows }) => root === checked.root && (rows ?? checked.rows) === checked.rows) ?? null
  const contribution = checked.valid && by?.contribution !== undefined ? by : null
  output.result({ ...checked, contribution }, () => formatChecked(checked, contribution))
  return checked.valid ? EXIT.done : EXIT.notValid
}

export const runDataCheckSet: Run<Against | DatasetOption | 'salt' | 'proof'> = async (call) => {
  const { args, options, output } = call
  const { salt, proof: proofFile } = options
  if (salt === undefined) {
    throw new CliError('bad-input', 'It is not said which salt the commitment was made with.', {
      hint: 'Ask for it: coldmesh data commit --salt FILE writes it. Then add --salt FILE.',
    })
  }
  const known = await knownCommitments(call)
  if (known === null) {
    throw new CliError('bad-input', 'It is not said what to check the data against.', {
      hint: 'Add --contribution DIR, --dir DIR, --statement FILE, or --root HEX.',
    })
  }
  const proof = proofFile === undefined ? undefined : readText(proofFile, MAX_PROOF_BYTES)
  const { compareDataset } = await import('coldmesh')
  const compared = await withReadingLine(output, (onRead) =>
    compareDataset(resolve(args[0] ?? ''), {
      ...datasetOptionsOf(options),
      saltFile: resolve(salt),
      against: known,
      onRead,
      ...defined({ proof }),
    }),
  )
  output.result(compared, () => formatCompared(compared))
  return compared.isSame ? EXIT.done : EXIT.notValid
}

function formatChecked(checked: CheckedProof, by: Known | null): string {
  const { valid, fault, row, place, rows, isPlaceShown } = checked
  if (!valid) return `not valid: ${FAULTS[fault ?? 'other-root']}`
  const where = isPlaceShown
    ? `row ${place} of ${rows}`
    : `a row (it says: ${place} of ${rows}; --rows N would check that)`
  const whose =
    by?.contribution === undefined
      ? []
      : [
          `of ${show(by.dataset ?? '')}, task ${show(by.task ?? '')}, in contribution ${short(by.contribution)} to round ${by.round} by ${by.author}`,
        ]
  return [`valid: ${where} was in the data`, ...whose, show(row, { maxLength: MAX_ROW })].join('\n')
}

const FAULTS: Readonly<Record<NonNullable<CheckedProof['fault']>, string>> = {
  'path-length': 'its path is not as long as a row at this place needs',
  'other-root': 'its row, salt and path do not give its root',
  'other-commitment': 'it is of a commitment that is not there',
  'other-rows': 'the commitment is over another number of rows',
}

function formatCompared({ isSame, root, rows, expectedRows, different }: ComparedDataset): string {
  if (isSame) return `the same: all ${rows} rows are those of the commitment ${root}`
  const count = expectedRows === null || expectedRows === rows ? `${rows} rows` : `${rows} rows, not ${expectedRows}`
  const spans =
    different?.map(({ first, last }) => (first === last ? `row ${first}` : `rows ${first} to ${last}`)) ?? []
  return [
    `not the same: ${count}, and the root ${root}`,
    spans.length === 0
      ? 'a root alone does not tell which row: add --proof FILE'
      : `there is a difference in ${spans.join(', ')}`,
  ].join('\n')
}

/** What the options name, the most telling first; null when they name nothing. */
async function knownCommitments({
  options,
  signal,
}: Pick<Call<Against>, 'options' | 'signal'>): Promise<readonly Known[] | null> {
  const { dir, root, rows, statement, contribution } = options
  const isId = contribution !== undefined && cidText.safeParse(contribution).success
  if (isId && dir === undefined) {
    throw new CliError('bad-input', 'A contribution is named by its id alone.', {
      hint: 'Add the data directory whose history has it: --dir DIR. Or name the directory of a base.',
    })
  }
  if (contribution !== undefined && !isId) {
    return await (await import('coldmesh')).readCommitments(resolve(contribution))
  }
  if (dir !== undefined) return await fromHistory(dirOf(options), isId ? contribution : undefined, signal)
  if (statement !== undefined) return [await fromStatement(statement)]
  return root === undefined ? null : [{ root, rows: rows ?? null }]
}

async function fromHistory(dir: string, id: string | undefined, signal: AbortSignal): Promise<readonly Known[]> {
  await using history = await openHistorySource(dir, signal)
  const found: Known[] = []
  for await (const { round, inputs } of history.log()) {
    for (const input of inputs) {
      if (id !== undefined && input.id !== id) continue
      const { commitment: root, rows, author, task, dataset } = input
      found.push({ root, rows, contribution: input.id, author, network: history.network, round, task, dataset })
    }
  }
  if (found.length > 0) return found
  const what = id === undefined ? 'no contribution' : `no contribution ${id}`
  throw new CliError('bad-input', `The history in ${dir} has ${what}.`, { hint: 'coldmesh log --json lists them.' })
}

async function fromStatement(path: string): Promise<Known> {
  const read = decodeStatement(readText(path, MAX_STATEMENT_BYTES))
  if (!('wrong' in read)) return { root: Buffer.from(read.root).toString('hex'), rows: read.rows }
  throw new CliError('bad-input', `${path} is no statement: ${read.wrong}.`, {
    hint: 'Name a file that coldmesh data commit --out wrote.',
  })
}

function readText(path: string, maxBytes: number): string {
  const hint = 'Name a file that coldmesh data commit or prove-row wrote.'
  return readGiven(path, { maxBytes, what: 'a commitment or a proof', hint }).toString('utf8')
}
