const WORDS = ['garden', 'river', 'window', 'morning', 'letter', 'summer', 'street', 'island']
const PAIRS = WORDS.flatMap((first, i) => WORDS.slice(i + 1).map((second) => `${first} ${second}`))

/** Rows that a head tells apart even by random weights, whatever the split, and by equal ones not at all: half fruit, half tools. */
export function gateCsv(): string {
  return ['text,label', ...rowsOf('apple', 'fruit'), ...rowsOf('hammer', 'tool'), ''].join('\n')
}

const rowsOf = (word: string, label: string) => PAIRS.map((pair) => `${word} ${pair} ${word} ${word} ${word},${label}`)
