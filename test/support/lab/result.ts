import type { LabRecord } from '../../../src/lab/records.ts'
import { type LabResult, summarize } from '../../../src/lab/result.ts'
import { labPlan, labTask } from './tasks.ts'

/** A result of two seeds whose accuracies grow, made from records as a lab writes them. */
export function labResult(taskName = 'topic'): LabResult {
  const plan = labPlan({ seeds: [1, 2], baselines: ['one-shot'] })
  const tasks = [labTask('topic', { name: taskName }), labTask('length', { isSeen: false })]
  const records: LabRecord[] = plan.seeds.flatMap((run) => [
    ...[1, 2].map((round) => ({
      kind: 'round' as const,
      run,
      chain: 'rounds' as const,
      round,
      base: `base-${run}-${round}`,
      view: 0,
      contributions: [],
    })),
    ...['rounds/0', 'rounds/1', 'rounds/2', 'one-shot'].flatMap((of, at) =>
      tasks.map(({ name }, task) => ({
        kind: 'score' as const,
        run,
        of,
        base: `${of} ${run}`,
        task: name,
        mode: 'frozen' as const,
        seeds: [5, 6],
        metric: 'accuracy' as const,
        values: [0.5 + at / 10 + run / 100, 0.52 + at / 10 + run / 100 - task / 10],
        majority: 0.25,
        seconds: 30,
      })),
    ),
    {
      kind: 'verified' as const,
      run,
      base: `base-${run}-2`,
      level: 'full' as const,
      valid: true,
      rounds: 2,
      failures: [],
    },
  ])
  return summarize({ plan, tasks, trainer: { name: 'onnx-cpu', device: 'cpu' }, records })
}
