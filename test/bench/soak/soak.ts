import { appendFile, writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import type { Daemon } from '../../support/e2e/daemon.ts'
import { createTestNetwork, type TestPeer } from '../../support/e2e/network.ts'
import { judge, table } from './report.ts'
import { type Sample, sample } from './sample.ts'

// docs/reliability.md, fault 89. Many rounds on real daemons with real, small training, and what that does to memory, files, handles and listeners:
//   npm run soak -- --rounds 100 [--every 5] [--restart 20] [--out soak.jsonl]
// Two members contribute to every round, a third is handed a new join for each round by its control API, the fourth only
// votes and is killed and started again after every --restart rounds. Linux only (/proc). Ctrl-C ends it after the
// round, with the figures so far. Exit code 1: something grew.

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '100' },
    every: { type: 'string', default: '5' },
    restart: { type: 'string', default: '20' },
    out: { type: 'string' },
  },
})
const [rounds, every, restart] = [values.rounds, values.every, values.restart].map(Number)
const ROUND_WITHIN_MS = 600_000

async function soak(rounds: number, every: number, restart: number): Promise<boolean> {
  const round = { minContributions: 3, maxContributions: 4, collectMs: 500, graceMs: 200, viewTimeoutMs: 10_000 }
  await using network = await createTestNetwork({ members: 4, round })
  const env = { NODE_OPTIONS: '--inspect=127.0.0.1:0' }
  const [founder, second, third, last] = network.peers
  if (!founder || !second || !third || !last) throw new Error('a network of four')
  const first = await network.start(founder, { rounds: 1_000_000, env })
  const invite = String((await first.event(({ event }) => event === 'ready', 'ready'))['invite'])
  const steady = [
    first,
    await network.start(second, { rounds: 1_000_000, invite, env }),
    await network.start(third, { invite, env }),
  ]
  let restless = await network.start(last, { invite, env })
  const samples = new Map<string, Map<number, Sample>>()
  if (values.out !== undefined) await writeFile(values.out, '')
  const began = performance.now()

  for (let round = 1; round <= rounds && !isEnough; round++) {
    await joinOnce(steady[2], third)
    const isThisRound = ({ event, round: of }: { event: string } & Readonly<Record<string, unknown>>) =>
      (event === 'fused' || event === 'synced') && Number(of) >= round
    const ends = await Promise.all(
      [...steady, restless].map((daemon) => daemon.event(isThisRound, `round ${round}`, ROUND_WITHIN_MS)),
    )
    if (round % every === 0) {
      for (const daemon of [...steady, restless]) {
        const taken = await sample(daemon)
        // A start begins anew: its figures are no trend.
        if (daemon !== restless) remember(samples, daemon, round, taken)
        if (values.out !== undefined)
          await appendFile(values.out, `${JSON.stringify({ round, daemon: daemon.name, ...taken })}\n`)
      }
    }
    if (round % restart === 0 && round < rounds) {
      restless.kill()
      await restless.ended
      restless = await network.start(last, { invite, env })
    }
    const seconds = Math.round((performance.now() - began) / 1000)
    console.error(`round ${round} of ${rounds}, ${seconds} s, base ${ends[0]?.['base']}`)
  }
  const verdicts = judge(samples)
  console.log(table(verdicts))
  const complaints = [...steady, restless].flatMap(({ events }) =>
    events.filter(({ event }) => event === 'evidence' || event === 'muted'),
  )
  for (const complaint of complaints) console.log(JSON.stringify(complaint))
  return complaints.length === 0 && verdicts.every(({ isFlat }) => isFlat)
}

async function joinOnce(daemon: Daemon | undefined, { data, task }: TestPeer): Promise<void> {
  const plan = { steps: 4, batch: 8, learningRate: 0.001, maxTokens: 16 }
  await daemon?.ask('/v1/join', { data, text: 'text', label: 'label', task, rounds: 1, plan })
}

function remember(samples: Map<string, Map<number, Sample>>, { name }: Daemon, round: number, taken: Sample): void {
  const own = samples.get(name) ?? new Map<number, Sample>()
  samples.set(name, own.set(round, taken))
}

// SIGINT: the figures of the rounds so far. Daemons are ended when this process exits, and SIGTERM alone is no exit.
let isEnough = false
process.once('SIGINT', () => {
  isEnough = true
})
process.once('SIGTERM', () => process.exit(130))
process.exitCode = (await soak(Number(rounds), Number(every), Number(restart))) ? 0 : 1
