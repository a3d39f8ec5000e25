import { existsSync } from 'node:fs'
import type { EvidenceReport, EvidenceStatus, ForkStatus } from 'coldmesh'
import type { Run } from '../command.ts'
import { findDaemon } from '../control/client.ts'
import { anyStatus } from '../control/daemon-status.ts'
import { EXIT } from '../exit-codes.ts'
import { CliError } from '../failure.ts'
import { show } from '../text/escape.ts'
import { contradictionLine } from '../text/evidence.ts'
import { forkLine } from '../text/fork.ts'
import { formatStarting, formatStatus } from '../text/status.ts'
import { dirOf } from './data-dir.ts'
import { openHistorySource } from './history.ts'

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
  const known = await lastKnown(dir, signal)
  output.result({ running: false, ...known }, () =>
    [
      `no daemon runs on ${dir}`,
      known.network === null ? 'it belongs to no network yet' : `network  ${show(known.network)}`,
      ...(known.base === null ? [] : [`base     ${show(known.base)}, of round ${known.round}`]),
      ...(known.fork === null ? [] : [forkLine(known.fork, output.colors)]),
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
}

async function lastKnown(dir: string, signal: AbortSignal): Promise<LastKnown> {
  const { readConfig } = await import('coldmesh')
  const network = (await readConfig(dir))?.network ?? null
  if (network === null) return { network, round: null, base: null, evidence: [], fork: null }
  await using history = await openHistorySource(dir, signal)
  const evidence = (await history.evidence()).flatMap(({ report }) => statusOf(report))
  const fork = await history.fork()
  for await (const { round, base } of history.log()) return { network: history.network, round, base, evidence, fork }
  return { network: history.network, round: 0, base: null, evidence, fork }
}

/** Nothing for evidence that does not hold: `coldmesh evidence` says why. */
function statusOf({ id, author, name, round, kind, contradiction, seenMs }: EvidenceReport): readonly EvidenceStatus[] {
  if (author === null || name === null || round === null || kind === null) return []
  if (contradiction === null || seenMs === null) return []
  return [{ id, author, name, round, kind, contradiction, seenMs }]
}
