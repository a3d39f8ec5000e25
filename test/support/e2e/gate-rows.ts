import type { Example } from 'coldmesh'

const FRUIT = ['apple', 'pear', 'plum', 'cherry', 'grape', 'lemon', 'orange', 'peach']
const TOOLS = ['hammer', 'saw', 'drill', 'wrench', 'knife', 'axe', 'file', 'needle']

/** Rows that a head tells apart even by random weights, and by equal ones not at all: half fruit, half tools. */
export function gateRows(): readonly Example[] {
  return [
    ...pairsOf(FRUIT).map((text) => ({ text, label: 'fruit' })),
    ...pairsOf(TOOLS).map((text) => ({ text, label: 'tool' })),
  ]
}

export function gateCsv(): string {
  return `text,label\n${gateRows()
    .map(({ text, label }) => `${text},${label}`)
    .join('\n')}\n`
}

function pairsOf(words: readonly string[]): readonly string[] {
  return words.flatMap((first, i) => words.slice(i + 1).map((second) => `${first} ${second} ${first}`))
}
