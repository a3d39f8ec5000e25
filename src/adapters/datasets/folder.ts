import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ColdmeshError } from '../../ports/errors.ts'
import { statPath } from './bytes.ts'
import { type BadRow, isBad, type Row, type RowFile } from './row-reader.ts'
import { MAX_ROW_CHARACTERS, readText, rowTooLong } from './text.ts'

const TRAINING = ['train', 'training']
const VALIDATION = ['validation', 'valid', 'val', 'dev']
const TEST = ['test', 'testing']

/** The folders of a dataset: what to train on, and what to validate with where it is there. Test texts are left alone. */
export interface SplitFolders {
  readonly training: string
  readonly validation: string | null
}

/** True for a folder. @throws ColdmeshError `bad-input` when there is nothing */
export async function isFolder(path: string): Promise<boolean> {
  return (await statPath(path)).isDirectory()
}

/** A folder with a folder `train` in it is split by folders; another one, and a file, is not. */
export async function splitFolders(path: string): Promise<SplitFolders> {
  if (!(await isFolder(path))) return { training: path, validation: null }
  const names = await foldersIn(path)
  const find = (wanted: readonly string[]) => names.find((name) => wanted.includes(name.toLowerCase()))
  const training = find(TRAINING)
  const isSplit =
    training !== undefined && names.every((name) => [...TRAINING, ...VALIDATION, ...TEST].includes(name.toLowerCase()))
  if (!isSplit) return { training: path, validation: null }
  const validation = find(VALIDATION)
  return { training: join(path, training), validation: validation === undefined ? null : join(path, validation) }
}

/** A folder of text files by class, `DIR/<label>/*.txt`: a row a file, in the order of their names. Columns: `text`, `label`. */
export async function openFolder(path: string): Promise<RowFile> {
  const labels = await foldersIn(path)
  if (labels.length > 0) return { path, unit: 'file', columns: ['text', 'label'], rows: () => readRows(path, labels) }
  throw new ColdmeshError('bad-input', `${path} has no folders of texts`, {
    facts: { path },
    hint: 'Put the texts of each class into a folder of its own: DIR/<label>/*.txt.',
  })
}

async function* readRows(path: string, labels: readonly string[]): AsyncGenerator<Row | BadRow> {
  for (const label of labels) {
    const names = (await readdir(join(path, label))).filter((name) => /^[^.].*\.txt(\.gz)?$/i.test(name)).sort()
    for (const name of names) {
      const file = join(path, label, name)
      const read = await readFile(file)
      yield isBad(read) ? read : { line: 1, file, valueOf: (column) => (column === 'text' ? read.text : label) }
    }
  }
}

async function readFile(file: string): Promise<{ readonly text: string } | BadRow> {
  const bad: ColdmeshError[] = []
  let text = ''
  for await (const piece of readText(file, (error) => bad.push(error))) {
    text += piece
    if (text.length > MAX_ROW_CHARACTERS) return { error: rowTooLong(file, 1) }
  }
  const [error] = bad
  return error === undefined ? { text } : { error }
}

async function foldersIn(path: string): Promise<readonly string[]> {
  const entries = await readdir(path, { withFileTypes: true })
  return entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map(({ name }) => name)
    .sort()
}
