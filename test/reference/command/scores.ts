import { text } from 'node:stream/consumers'
import { scorePredictions } from '../../../src/adapters/command/score.ts'
import { readExamples } from '../../../src/adapters/datasets/index.ts'
import type { TaskType } from '../../../src/ports/dataset.ts'
import { METRICS, scoringOf, TASK_METRICS } from '../../../src/training/scores.ts'

/** The TypeScript side of scores.py: reads cases on standard input, writes all scores of each as coldmesh has them. */
interface Case {
  readonly task: TaskType
  readonly labels: readonly string[]
  readonly positive: string | null
  readonly found: readonly (string | number | readonly string[])[]
  readonly wanted: readonly (string | number | readonly string[])[]
}

const cases: readonly Case[] = JSON.parse(await text(process.stdin))
const scored: Record<string, number | undefined>[] = []
for (const { task, labels, positive, found, wanted } of cases) {
  const scoring = scoringOf({ task, labels }, { metric: null, positive })
  const examples = wanted.map((label) => ({ text: '', label }))
  const { scores } = await scorePredictions(scoring, { labels }, found, { examples, readExamples })
  scored.push(Object.fromEntries(TASK_METRICS[task].map((metric) => [metric, scores[metric]])))
}
process.stdout.write(JSON.stringify({ metrics: METRICS, scored }))
