import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Daemon } from '../support/e2e/daemon.ts'
import { createTestNetwork, type TestNetwork, type TestPeer } from '../support/e2e/network.ts'
import { runCli } from '../support/node/cli.ts'

// docs/reliability.md: fault 50. Two of three members decide; the third was away.
describe('a member that missed rounds', () => {
  let network: TestNetwork
  let others: readonly Daemon[] = []
  let invite: string
  let base: string

  before(async () => {
    const round = { minContributions: 2, collectMs: 500, graceMs: 200, viewTimeoutMs: 5_000, keepRounds: 2 }
    network = await createTestNetwork({ members: 3, quorum: 'crash', round })
    const [ada, ben] = network.peers
    assert.ok(ada && ben)
    const first = await network.start(ada, { rounds: 2 })
    invite = String((await first.event(({ event }) => event === 'ready', 'ready'))['invite'])
    others = [first, await network.start(ben, { invite, rounds: 2 })]
    const second = await first.event(({ event, round: of }) => event === 'fused' && of === 2, 'round 2', 90_000)
    base = String(second['base'])
  })

  after(() => network?.[Symbol.asyncDispose]())

  const cleo = (): TestPeer => network.peers[2] ?? assert.fail()

  it('keeps nothing beyond its disk budget, and says what it lacks', async () => {
    const daemon = await network.start(cleo(), { invite, args: ['--disk-budget', '6000000'] })
    const { waits } = await until(daemon, ({ waits }) => JSON.stringify(waits).includes('disk budget'))
    const [lacks] = Array.isArray(waits) ? waits.filter(({ what }) => what === 'backfill') : []
    assert.match(lacks.which, /^\d files of rounds 1 to 2, to keep$/)
    assert.match(lacks.reason, /raise --disk-budget/)
    assert.ok(lacks.nextMs > Date.now())
    const { stdout } = await runCli(['status', '--dir', cleo().dataDir])
    assert.match(
      stdout,
      /and for backfill \(\d files of rounds 1 to 2, to keep\).*next try in \d+ s; last time: .*--disk-budget/,
    )
    await daemon.stop()
  })

  it('fetches the inputs and bases that it keeps, and proves them with nobody there', async () => {
    const daemon = await network.start(cleo(), { invite })
    const { fromRound, toRound, files } = await daemon.event(({ event }) => event === 'backfilled', 'what it lacked')
    assert.deepEqual([fromRound, toRound, files], [1, 2, 5])
    assert.deepEqual((await daemon.status())['troubles'], [])
    await Promise.all([...others, daemon].map((running) => running.stop()))
    const full = await runCli(['verify', base, '--dir', cleo().dataDir, '--level', 'full', '--json'])
    assert.equal(full.code, 0, full.stdout)
  })
})

/** Asks again and again, for a minute at most. */
async function until(
  daemon: Daemon,
  fits: (status: Readonly<Record<string, unknown>>) => boolean,
): Promise<Readonly<Record<string, unknown>>> {
  for (const end = Date.now() + 60_000; Date.now() < end; ) {
    const status = await daemon.status()
    if (fits(status)) return status
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
  throw new Error(`not within a minute: ${JSON.stringify(await daemon.status())}`)
}
