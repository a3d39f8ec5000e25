import type { Dataset, Example } from '../../../src/ports/dataset.ts'
import { sentences } from './tiny.ts'

/** The topic where it is cooking or music, and whether there are guests: rows have no, one or two labels. */
export function multiLabelDataset(): Dataset {
  const examples = sentences().map(({ text, label }): Example => {
    const topics = label === 'weather' ? [] : [String(label)]
    return { text, label: text.includes('guests') ? [...topics, 'guests'] : topics }
  })
  return { name: 'multi', task: 'multi-label', labels: ['cooking', 'guests', 'music'], examples }
}

const NUMBERS: Readonly<Record<string, number>> = { cooking: 900, weather: 1_000, music: 1_200 }

/** A number for the topic, and more where there are guests; far from zero, as nothing in a new head is. */
export function regressionDataset(): Dataset {
  const examples = sentences().map(({ text, label }): Example => {
    return { text, label: (NUMBERS[String(label)] ?? 0) + (text.includes('guests') ? 50 : 0) }
  })
  return { name: 'numbers', task: 'regression', labels: [], examples }
}
