import { type ReportEntry, reportOf } from 'coldmesh'
import { requireDaemon } from '../control/client.ts'
import { reportAnswer } from '../control/shapes.ts'
import { CliError } from '../failure.ts'
import type { Judged } from './judge.ts'
import type { EvalTask } from './tasks.ts'

/** What a report can name. */
const MAX_SEEDS = 32
const MAX_NAME_BYTES = 64

export type Publish = (judged: Judged) => Promise<ReportEntry | null>

/** Hands results to the running daemon, which signs and announces them. Asked for before the work, so that it fails before it. */
export async function openPublisher(
  dir: string,
  {
    seeds,
    tasks,
    signal,
  }: { readonly seeds: readonly number[]; readonly tasks: readonly EvalTask[]; readonly signal: AbortSignal },
): Promise<Publish> {
  const daemon = await requireDaemon(dir)
  if (seeds.length > MAX_SEEDS) {
    throw new CliError('bad-input', `A report names ${MAX_SEEDS} seeds at most.`, { hint: 'Lower --seeds.' })
  }
  const long = tasks.find(({ name }) => Buffer.byteLength(name) > MAX_NAME_BYTES)
  if (long !== undefined) {
    throw new CliError('bad-input', `A report names its task in ${MAX_NAME_BYTES} bytes, ${long.name} is longer.`, {
      hint: 'Give a shorter name with --task, or in the list of tasks.',
    })
  }
  return async ({ candidate, ...evaluation }) => {
    // Models that are no base of the network concern nobody in it.
    if (candidate.cid === null) return null
    return await daemon.post('/v1/reports', reportOf(candidate.cid, evaluation), reportAnswer, signal)
  }
}
