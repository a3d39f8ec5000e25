import type { LabPlan, LabTask } from '../../../src/lab/plan.ts'
import type { Example } from '../../../src/ports/dataset.ts'
import { splitExamples } from '../../../src/training/split.ts'
import { sentences } from '../training/tiny.ts'

/** The plain sentences as a task: about what they are, or by whom. */
export function labTask(name: 'topic' | 'length', changes: Partial<LabTask> = {}): LabTask {
  const examples: readonly Example[] =
    name === 'topic'
      ? sentences()
      : sentences().map(({ text }) => ({ text, label: text.split(' ').length > 8 ? 'long' : 'short' }))
  const labels = [...new Set(examples.map(({ label }) => String(label)))].sort()
  const { training, validation: test } = splitExamples(examples, { fraction: 0.3, seed: 1 })
  return {
    name,
    isSeen: true,
    train: { name, labels, examples: training },
    validation: training.slice(0, 20),
    test,
    shards: 1,
    rows: null,
    from: 1,
    until: null,
    ...changes,
  }
}

export function labPlan(changes: Partial<LabPlan> = {}): LabPlan {
  return {
    name: 'small',
    rounds: 2,
    seeds: [1],
    committee: 4,
    rule: 'mean/1',
    perRound: 'all',
    freshRows: false,
    validationRows: 20,
    training: { steps: 4, batch: 16, learningRate: 1e-3, maxTokens: 16, evaluateEvery: 0 },
    evaluations: [
      {
        mode: 'frozen',
        rounds: [0, 1, 2],
        tasks: null,
        trainRows: 60,
        testRows: 30,
        repeats: 2,
        plan: { steps: 5, maxTokens: 16 },
      },
    ],
    baselines: [],
    keep: 'all',
    ...changes,
  }
}
