import { ColdmeshError } from '../../ports/errors.ts'
import { extensionOf } from './bytes.ts'
import { openCsv } from './csv.ts'
import { isFolder, openFolder } from './folder.ts'
import { openJsonLines } from './jsonl.ts'
import { openParquet } from './parquet.ts'
import type { RowFile } from './row-reader.ts'

const FILE_FORMATS = ['csv', 'tsv', 'jsonl', 'parquet'] as const

export type DatasetFormat = (typeof FILE_FORMATS)[number] | 'folder'

/** Opens a file by its name, or a folder. @throws ColdmeshError `bad-input` */
export async function openRows(
  path: string,
  delimiter?: string,
): Promise<RowFile & { readonly format: DatasetFormat }> {
  const named = FILE_FORMATS.find((format) => extensionOf(path) === `.${format}`)
  const format = named ?? ((await isFolder(path)) ? 'folder' : null)
  if (format === null) {
    throw new ColdmeshError('bad-input', `${path} isn't a dataset that coldmesh reads`, {
      facts: { path, extension: extensionOf(path) },
      hint: 'Give a .csv, .tsv, .jsonl or .parquet file, any of them with .gz, or a folder with a folder of .txt files for each label.',
    })
  }
  if (delimiter !== undefined && format !== 'csv' && format !== 'tsv') {
    throw new ColdmeshError('bad-input', `A ${format} dataset has no delimiter`, { hint: 'Leave the delimiter out.' })
  }
  return { ...(await open(path, format, delimiter)), format }
}

function open(path: string, format: DatasetFormat, delimiter: string | undefined): Promise<RowFile> {
  if (format === 'jsonl') return openJsonLines(path)
  if (format === 'parquet') return openParquet(path)
  return format === 'folder' ? openFolder(path) : openCsv(path, delimiter)
}
