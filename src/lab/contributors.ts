import type { Dataset, Examples } from '../ports/dataset.ts'
import { ColdmeshError } from '../ports/errors.ts'
import { firstRows, rowsAt } from '../training/choose-rows.ts'
import { createRandom } from '../training/random.ts'
import type { LabPlan, LabTask } from './plan.ts'

/** Somebody with rows of one task. */
export interface Contributor {
  /** The task's name, with the number of its share when the task is split: `wn-pos 2`. */
  readonly name: string
  readonly task: LabTask
  readonly shard: number
}

/** Everybody who contributes at some time, in the order of the tasks. */
export function contributorsOf(tasks: readonly LabTask[]): readonly Contributor[] {
  return tasks
    .filter(({ isSeen }) => isSeen)
    .flatMap((task) =>
      Array.from({ length: task.shards }, (_, shard) => ({
        name: task.shards === 1 ? task.name : `${task.name} ${shard + 1}`,
        task,
        shard,
      })),
    )
}

/** Who takes part in a round: those who have joined and not left, or `perRound` of them, drawn by the run's seed. */
export function participantsOf(
  contributors: readonly Contributor[],
  { perRound }: Pick<LabPlan, 'perRound'>,
  { run, round }: { readonly run: number; readonly round: number },
): readonly Contributor[] {
  const here = contributors.filter(({ task }) => task.from <= round && round <= (task.until ?? round))
  if (here.length === 0) {
    throw new ColdmeshError('bad-input', `Nobody contributes to round ${round}.`, {
      hint: 'Let a task be seen, and start early and end late enough (`from`, `until`).',
    })
  }
  if (perRound === 'all' || perRound >= here.length) return here
  const drawn = new Set(
    createRandom(run, `contributors/${round}`)
      .shuffle([...here])
      .slice(0, perRound),
  )
  return here.filter((contributor) => drawn.has(contributor))
}

type Deal = Pick<LabPlan, 'freshRows' | 'validationRows'>

/**
 * The rows of a contributor in a round. Shares of one task never overlap; they are the same in every round unless `freshRows`
 * deals the task's rows anew.
 */
export function datasetOf(
  contributor: Contributor,
  plan: Deal,
  where: { readonly run: number; readonly round: number },
): Dataset<Examples> {
  const { name, task } = contributor
  const examples = rowsAt(task.train.examples, placesOf(contributor, plan, where))
  const validation = firstRows(task.validation, plan.validationRows)
  return { ...task.train, name, examples, ...(validation.length === 0 ? {} : { validation }) }
}

/** Which of the task's rows they are, counted from 0. */
export function placesOf(
  { task, shard }: Contributor,
  { freshRows }: Deal,
  { run, round }: { readonly run: number; readonly round: number },
): Uint32Array {
  const { length } = task.train.examples
  const dealt = createRandom(run, freshRows ? `rows/${task.name}/${round}` : `rows/${task.name}`).shuffle(
    Uint32Array.from({ length }, (_, place) => place),
  )
  const share = dealt.filter((_, index) => index % task.shards === shard)
  return share.slice(0, task.rows ?? share.length)
}
