import { ColdmeshError } from '../../ports/errors.ts'

export interface ColumnOptions {
  /** Column of the text; absent: guessed from its name. */
  readonly text?: string
  /** Column of the second text of pairs; absent: none, or guessed when the text's is guessed too. */
  readonly pair?: string
  /** Column of the label; absent: guessed from its name. */
  readonly label?: string
}

export interface Columns {
  readonly text: string
  readonly pair: string | undefined
  readonly label: string
}

const TEXT_NAMES = [
  'text',
  'sentence',
  'sentence1',
  'text1',
  'premise',
  'gloss',
  'review',
  'content',
  'message',
  'comment',
]
const PAIR_NAMES = ['pair', 'sentence2', 'text2', 'hypothesis']
const LABEL_NAMES = ['label', 'class', 'category', 'target', 'sentiment', 'intent']

/**
 * The columns to read of those that there are. Those not given are guessed from the usual names, when only one fits.
 *
 * @throws ColdmeshError `bad-input` naming the columns that there are
 */
export function chooseColumns(path: string, present: readonly string[], options: ColumnOptions): Columns {
  const given = { text: options.text, pair: options.pair, label: options.label }
  for (const [option, name] of Object.entries(given)) {
    if (name !== undefined && !present.includes(name)) {
      throw badColumns(path, present, `has no column ${JSON.stringify(name)} for the ${option}`)
    }
  }
  const label = options.label ?? guess(present, LABEL_NAMES)
  if (label === undefined) throw badColumns(path, present, "doesn't tell which column is the label")
  const others = present.filter((name) => name !== label)
  const text = options.text ?? guess(others, TEXT_NAMES) ?? (others.length === 1 ? others[0] : undefined)
  if (text === undefined) throw badColumns(path, present, "doesn't tell which column is the text")
  const pair = options.pair ?? (options.text === undefined ? guess(others, PAIR_NAMES) : undefined)
  if (new Set([text, pair, label]).size < 3) {
    throw badColumns(path, present, 'needs different columns for text, pair and label')
  }
  return { text, pair, label }
}

/** The one column whose name, in any case, is among `names`. */
function guess(present: readonly string[], names: readonly string[]): string | undefined {
  const [found, ...more] = present.filter((name) => names.includes(name.trim().toLowerCase()))
  return more.length === 0 ? found : undefined
}

function badColumns(path: string, present: readonly string[], problem: string): ColdmeshError {
  const shown = present.slice(0, 20).map((name) => JSON.stringify(name))
  return new ColdmeshError('bad-input', `${path} ${problem}`, {
    facts: { path, columns: shown.join(', ') },
    hint: `Choose the text, label and, for pairs, pair columns among: ${shown.join(', ')}${present.length > 20 ? ', ...' : ''}.`,
  })
}
