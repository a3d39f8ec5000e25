import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { type LogEntry, openHistory, type VerifyReport } from 'coldmesh'
import type { Run } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { CliError } from '../failure.ts'
import { SHIPPED_BASE } from '../package-root.ts'
import type { Output } from '../text/output.ts'
import { duration } from '../text/wait.ts'
import { createAgreement, withinRound } from './agreement.ts'
import { createDemoFolder } from './folder.ts'
import { judgeBases, type TaskScore } from './judge.ts'
import { createNarrator, type Narrator } from './narrator.ts'
import { type DemoNetwork, type DemoPeer, startDemoNetwork } from './network.ts'
import { formatScores } from './report.ts'
import { DEFAULT_ROUNDS, EXPECTED, JUDGE_ROWS, PEER_NAMES, SEED } from './settings.ts'
import { readDemoTasks } from './tasks.ts'

export const runDemo: Run<'dir' | 'rounds' | 'peers' | 'keep'> = async ({ options, output, signal }) => {
  const { rounds = DEFAULT_ROUNDS, peers: count, keep } = options
  const startedAt = performance.now()
  const narrator = createNarrator(output, startedAt)
  const folder = createDemoFolder({ dir: options.dir, keep })
  const onExit = (): void => folder.clean()
  process.once('exit', onExit)
  const { seen, unseen } = readDemoTasks()
  narrator.say(expectation(rounds, count))
  try {
    const { network, bases } = await runRounds({ folder: folder.path, count, rounds, tasks: seen }, narrator, signal)
    const final = bases.at(-1) ?? network.base
    const { witness, entries, report, directory } = await readHistory(network, final, { narrator, signal })

    const used = new Set(network.peers.map(({ task }) => task))
    const judged = [...used, ...unseen]
    narrator.say(
      `judges the pretrained and the final base on ${used.size} seen and ${unseen.length} unseen tasks: ` +
        `${JUDGE_ROWS.train} training and ${JUDGE_ROWS.test} test rows each, seed ${SEED}`,
    )
    const scores = await judgeBases({
      pretrained: SHIPPED_BASE,
      final: directory,
      tasks: judged,
      signal,
      onTask: ({ name }) => narrator.say(`judged ${name}`),
    })
    const seconds = Math.round((performance.now() - startedAt) / 100) / 10
    printResult({ network, witness, entries, report, scores, seconds, keep, folder: folder.path, final }, output)
    return report.valid ? EXIT.done : EXIT.notValid
  } finally {
    process.off('exit', onExit)
    folder.clean()
  }
}

/** The network from genesis until every peer holds the last round's base; then its daemons are stopped. */
async function runRounds(
  {
    folder,
    count,
    rounds,
    tasks,
  }: Pick<Parameters<typeof startDemoNetwork>[0], 'folder' | 'count' | 'rounds' | 'tasks'>,
  narrator: Narrator,
  signal: AbortSignal,
): Promise<{ network: DemoNetwork; bases: string[] }> {
  const agreement = createAgreement(PEER_NAMES.slice(0, count))
  const network = await startDemoNetwork({
    folder,
    count,
    rounds,
    tasks,
    signal,
    onEvent: (peer, event) => {
      const { round, base } = event
      if (event.event === 'fused' && typeof round === 'number' && typeof base === 'string') {
        agreement.hold(peer.name, round, base)
      }
      narrator.event(peer, event)
    },
  })
  try {
    narrator.say(`network ${network.network}: ${count} peers found each other`)
    const bases: string[] = []
    for (let round = 1; round <= rounds; round += 1) {
      const base = await withinRound(agreement.reached(round), { round, ...network, signal })
      narrator.say(`round ${round} is certified: all ${count} peers hold base ${base}`)
      bases.push(base)
    }
    return { network, bases }
  } finally {
    narrator.stop()
    await network.stop()
  }
}

interface History {
  readonly witness: DemoPeer
  readonly entries: LogEntry[]
  readonly report: VerifyReport
  /** The base, exported. */
  readonly directory: string
}

/**
 * From the files of one peer alone: the first that has every input. A quorum had each of them before it voted, so some peer
 * has, but a member that heard of a base before its inputs had come has not.
 */
async function readHistory(
  { peers, network }: DemoNetwork,
  base: string,
  { narrator, signal }: { readonly narrator: Narrator; readonly signal: AbortSignal },
): Promise<History> {
  const last = peers.length - 1
  for (const [at, witness] of peers.entries()) {
    narrator.say(`verifies ${base} from ${witness.name}'s files alone`)
    await using history = await openHistory(witness.dataDir)
    const report = await history.verify(base, { level: 'full', trust: network, signal })
    if (at < last && report.rounds.some(({ fusion }) => fusion === 'unavailable')) {
      for (const { round, reason } of report.failures) narrator.say(`round ${round} at ${witness.name}: ${reason}`)
      continue
    }
    const entries = await Array.fromAsync(history.log(base))
    const directory = join(witness.dataDir, '..', 'final-base')
    await history.export(base, { out: directory })
    return { witness, entries, report, directory }
  }
  throw new CliError('bad-input', 'A network needs a peer.')
}

interface Result {
  readonly network: DemoNetwork
  readonly witness: DemoPeer
  readonly final: string
  readonly entries: readonly LogEntry[]
  readonly report: VerifyReport
  readonly scores: readonly TaskScore[]
  readonly seconds: number
  readonly keep: boolean
  readonly folder: string
}

function printResult(result: Result, output: Output): void {
  const { network, witness, final, entries, report, scores, seconds, keep, folder } = result
  const { colors } = output
  const peers = network.peers.map(({ name, dataDir }) => ({ name, dataDir, base: final }))
  const rounds = entries.map(({ round, base, aggregator, view, inputs }) => ({
    round,
    base,
    aggregator,
    view,
    inputs: inputs.map(({ id, author, checkpoint }) => ({ id, author, checkpoint })),
  }))
  output.result(
    {
      network: network.network,
      base: final,
      verified: report.valid && report.trusted,
      verifiedFrom: witness.name,
      seconds,
      rounds,
      tasks: scores,
      peers,
    },
    () =>
      [
        '',
        formatScores(scores, colors),
        '',
        'test accuracy of a head on the frozen base, and of base and head finetuned; same rows, plans and seed for both',
        `base      ${colors.bold(final)}`,
        `verified  ${report.valid ? colors.green(`yes: ${report.rounds.length} rounds fused again from ${witness.name}'s files, back to the genesis`) : colors.red(`no: ${report.failures[0]?.reason ?? ''}`)}`,
        `took      ${duration(seconds * 1000)}`,
        keep
          ? `kept      ${folder} (try: coldmesh verify ${final} --dir ${witness.dataDir})`
          : 'removed   the data directories; --keep keeps them',
      ].join('\n'),
  )
}

function expectation(rounds: number, count: number): string {
  const { startSeconds, roundSeconds, judgeSeconds, cores, peers, busy } = EXPECTED
  const slower = Math.max(1, cores / availableParallelism()) * (count / peers)
  const minutes = (startSeconds + rounds * roundSeconds * slower + judgeSeconds) / 60
  const range = `${Math.ceil(minutes)} to ${Math.ceil(minutes * busy)} minutes`
  return `${count} peers, ${rounds} rounds, real text tasks: this takes about ${range}`
}
