import { existsSync } from 'node:fs'
import type { EvidenceReport, EvidenceStatus, ForkStatus, MismatchStatus, SplitStatus } from 'coldmesh'
import type { Run } from '../command.ts'
import { findDaemon } from '../control/client.ts'
import { anyStatus } from '../control/daemon-status.ts'
import { EXIT } from '../exit-codes.ts'
import { CliError } from '../failure.ts'
import { show } from '../text/escape.ts'
import { contradictionLine } from '../text/evidence.ts'
import { forkLine } from '../text/fork.ts'
import { mismatchLine } from '../text/mismatch.ts'
import { splitLine } from '../text/split.ts'
import { formatStarting, formatStatus } from '../text/status.ts'
import { dirOf } from './data-dir.ts'

export const runStatus: Run<'dir'> = async ({ options, output, signal }) => {
  const dir = dirOf(options)
  const daemon = await findDaemon(dir)
  if (daemon !== null) {
    const status = await anyStatus(daemon, signal)
    output.result(status, () =>
      status.phase === 'starting' ? formatStarting(status, output.colors) : formatStatus(status, output.colors),
    )
    return EXIT.done
  }
  if (!existsSync(dir)) {
    throw new CliError('bad-input', `There is no data directory ${dir}.`, { hint: 'Make one: coldmesh init.' })
  }
  const known = await lastKnown(dir)
  output.result({ running: false, ...known }, () =>
    [
      ...(known.split === null ? [] : [output.colors.red(splitLine(known.split))]),
      `no daemon runs on ${dir}`,
      known.network === null ? 'it belongs to no network yet' : `network  ${show(known.network)}`,
      ...(known.base === null ? [] : [`base     ${show(known.base)}, of round ${known.round}`]),
      ...(known.fork === null ? [] : [forkLine(known.fork, output.colors)]),
      ...known.mismatches.map((found) => output.colors.red(mismatchLine(found))),
      ...known.evidence.map((report) => output.colors.red(contradictionLine(report))),
    ].join('\n'),
  )
  return EXIT.done
}

interface LastKnown {
  readonly network: string | null
  /** The last certified round, and its base. */
  readonly round: number | null
  readonly base: string | null
  readonly evidence: readonly EvidenceStatus[]
  readonly fork: ForkStatus | null
  readonly split: SplitStatus | null
  readonly mismatches: readonly MismatchStatus[]
}

async function lastKnown(dir: string): Promise<LastKnown> {
  const { openHistory, readConfig } = await import('coldmesh/history')
  if (((await readConfig(dir))?.network ?? null) === null) {
    return { network: null, round: null, base: null, evidence: [], fork: null, split: null, mismatches: [] }
  }
  await using history = await openHistory(dir)
  const { network, head } = history
  return {
    network,
    round: head.round,
    base: head.round === 0 ? null : head.base,
    evidence: history.evidence().flatMap(({ report }) => statusOf(report)),
    fork: await history.fork(),
    split: await history.split(),
    mismatches: await history.mismatches(),
  }
}

/** Nothing for evidence that does not hold: `coldmesh evidence` says why. */
function statusOf({ id, author, name, round, kind, contradiction, seenMs }: EvidenceReport): readonly EvidenceStatus[] {
  if (author === null || name === null || round === null || kind === null) return []
  if (contradiction === null || seenMs === null) return []
  return [{ id, author, name, round, kind, contradiction, seenMs }]
}
