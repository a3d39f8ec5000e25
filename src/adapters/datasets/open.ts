import { extname } from 'node:path'
import type { Dataset } from '../../ports/dataset.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import { type CsvOptions, csvDataset } from './csv.ts'
import { jsonlDataset } from './jsonl.ts'

/**
 * Reads a dataset by its file's extension: .csv, .tsv or .jsonl.
 *
 * @throws ColdmeshError `bad-input` or `bad-dataset`, as csvDataset and jsonlDataset
 */
export async function openDataset(path: string, options: CsvOptions = {}): Promise<Dataset> {
  const extension = extname(path).toLowerCase()
  if (extension === '.csv' || extension === '.tsv') return csvDataset(path, options)
  const { delimiter, ...columns } = options
  if (extension === '.jsonl') {
    if (delimiter === undefined) return jsonlDataset(path, columns)
    throw new ColdmeshError('bad-input', 'A .jsonl file has no delimiter', { hint: 'Leave the delimiter out.' })
  }
  throw new ColdmeshError('bad-input', `${path} isn't a dataset file that coldmesh reads`, {
    facts: { path, extension },
    hint: 'Give a .csv, .tsv or .jsonl file.',
  })
}
