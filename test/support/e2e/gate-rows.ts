import type { Example } from 'coldmesh'

const WORDS = ['garden', 'river', 'window', 'morning', 'letter', 'summer', 'street', 'island']

/** Rows that a head tells apart even by random weights, whatever the split, and by equal ones not at all: half fruit, half tools. */
export function gateRows(): readonly Example[] {
  return [
    ...pairsOf(WORDS).map((pair) => ({ text: `apple ${pair} apple apple apple`, label: 'fruit' })),
    ...pairsOf(WORDS).map((pair) => ({ text: `hammer ${pair} hammer hammer hammer`, label: 'tool' })),
  ]
}

export function gateCsv(): string {
  return `text,label\n${gateRows()
    .map(({ text, label }) => `${text},${label}`)
    .join('\n')}\n`
}

function pairsOf(words: readonly string[]): readonly string[] {
  return words.flatMap((first, i) => words.slice(i + 1).map((second) => `${first} ${second}`))
}
