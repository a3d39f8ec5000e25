import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { DatasetOptions } from 'coldmesh'
import { z } from 'zod'
import { defined } from '../defined.ts'
import { CliError } from '../failure.ts'
import type { OptionValues } from '../options.ts'

/** Options that say how to read a dataset, of every command that does. */
export type DatasetOption =
  | 'text'
  | 'pair'
  | 'label'
  | 'taskType'
  | 'labelMap'
  | 'labelSeparator'
  | 'skipUnlabelled'
  | 'validation'

const namesByValue = z.record(z.string(), z.string().min(1))
const namesByIndex = z.array(z.string().min(1)).transform((names) => Object.fromEntries(names.entries()))

/** What the flags say about a dataset, in the library's words. @throws CliError `bad-input` for a label map that is none */
export function datasetOptionsOf(options: OptionValues<DatasetOption>): DatasetOptions {
  const { text, pair, label, taskType, labelMap, labelSeparator, skipUnlabelled, validation } = options
  return {
    ...defined({ text, pair, label, taskType, labelSeparator }),
    ...defined({
      labelMap: labelMap === undefined ? undefined : readLabelMap(labelMap),
      skipUnlabelled: skipUnlabelled || undefined,
      validation: validation === undefined ? undefined : resolve(validation),
    }),
  }
}

/** `0=negative,1=positive`, or the path of a JSON file: an object of names by value, or a list of names by number. */
export function readLabelMap(text: string): Readonly<Record<string, string>> {
  if (!text.includes('=')) return readMapFile(resolve(text))
  const pairs = text.split(',').map((pair) => {
    const [, value, name] = /^([^=]+)=(.+)$/.exec(pair.trim()) ?? []
    if (value !== undefined && name !== undefined) return [value.trim(), name.trim()] as const
    throw new CliError('bad-input', `--label-map takes VALUE=NAME,..., not "${text}".`, {
      hint: 'For example --label-map 0=negative,1=positive, or the name of a JSON file.',
    })
  })
  return Object.fromEntries(pairs)
}

function readMapFile(path: string): Readonly<Record<string, string>> {
  try {
    return z.union([namesByValue, namesByIndex]).parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch (cause) {
    throw new CliError('bad-input', `${path} cannot be read as a map of labels.`, {
      hint: 'It holds {"0": "negative", "1": "positive"} or ["negative", "positive"].',
      cause,
    })
  }
}
