import type { Example } from '../ports/dataset.ts'
import { labelName } from '../training/labels.ts'
import { createRandom } from '../training/random.ts'

/** Labelled examples that the paper's few-shot evaluation finetunes on (section 5.3). */
export const FEW_SHOT_LABELS = 100

/**
 * A seeded sample of at most `count` rows, balanced: labels take turns in a random order until there are enough, and one that has
 * run out of rows is passed over. Rows that say the same count once. Where rows have several labels, sets of labels take turns; where
 * labels are numbers, rows are drawn from all.
 */
export function sampleFewShot(
  examples: readonly Example[],
  { count = FEW_SHOT_LABELS, seed }: { readonly count?: number; readonly seed: number },
): Example[] {
  const random = createRandom(seed, 'few-shot')
  const byLabel = new Map<string, Map<string, Example>>()
  for (const example of examples) {
    const group = typeof example.label === 'number' ? '' : labelName(example.label)
    const known = byLabel.get(group) ?? new Map<string, Example>()
    byLabel.set(group, known.set(JSON.stringify([example.text, example.pair]), example))
  }
  const queues = random
    .shuffle([...byLabel.keys()].sort())
    .map((label) => random.shuffle([...(byLabel.get(label)?.values() ?? [])]))
  const sample: Example[] = []
  while (sample.length < count && queues.some((queue) => queue.length > 0)) {
    for (const queue of queues) {
      const next = sample.length < count ? queue.pop() : undefined
      if (next !== undefined) sample.push(next)
    }
  }
  return sample
}
