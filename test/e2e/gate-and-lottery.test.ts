import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fromHex, toHex } from '../../protocols/wire/bytes.ts'
import type { Daemon, DaemonEvent } from '../support/e2e/daemon.ts'
import { gateCsv } from '../support/e2e/gate-rows.ts'
import { type Liar, startLiar } from '../support/e2e/liar.ts'
import { createTestNetwork, type TestNetwork } from '../support/e2e/network.ts'
import { keysBefore, lastDrawn } from '../support/e2e/tickets.ts'

const PLACES = 4
const PLAN = { steps: 4, batch: 8, learningRate: 0.0001, maxTokens: 16 }

describe('four members with data of their own', () => {
  let network: TestNetwork
  let daemons: readonly Daemon[]
  let liar: Liar

  before(async () => {
    network = await createTestNetwork({
      members: 4,
      maxDrop: 0.1,
      round: {
        ...{ minContributions: PLACES, maxContributions: PLACES, maxViews: 1 },
        ...{ collectMs: 300, graceMs: 8_000, viewTimeoutMs: 30_000 },
      },
    })
    const data = join(network.dir, 'gate.csv')
    await writeFile(data, gateCsv())
    daemons = await network.startAll(() => ({ args: ['--threads', '1', '--gate-data', data] }))
    const ready = await Promise.all(daemons.map((daemon) => daemon.event(({ event }) => event === 'ready', 'ready')))
    const members = ready.flatMap(({ multiaddrs }) => (Array.isArray(multiaddrs) ? multiaddrs.map(String) : []))
    liar = await startLiar({ invite: String(ready[0]?.['invite']), members })
  })

  after(async () => {
    await liar?.[Symbol.asyncDispose]()
    await network?.[Symbol.asyncDispose]()
  })

  const everyone = (fits: (event: DaemonEvent) => boolean, what: string) =>
    Promise.all(daemons.map((daemon) => daemon.event(fits, what)))
  const fused = (round: number) => everyone((event) => event.event === 'fused' && event['round'] === round, `${round}`)

  // fault 76: what was contributed is refused by the gates of a quorum
  it('end a round without inputs when contributions harm, and say why', async () => {
    await liar.harm({ round: 1, parent: network.base }, PLACES)
    for (const { inputs } of await fused(1)) assert.deepEqual(inputs, [])
    // Who judges slowly may find the view over: two that refuse leave no quorum for the base.
    const judges = daemons.filter(({ events }) => events.some(({ event }) => event === 'gate'))
    assert.ok(judges.length >= 2)
    for (const { events } of judges) {
      const judged = events.find(({ event }) => event === 'gate')
      assert.ok(Number(judged?.['before']) - Number(judged?.['after']) > 0.1)
      assert.match(String(judged?.['reason']), /^gate: accuracy fell by 0\.\d+, at most 0\.1$/)
    }
    const refusals = judges.flatMap(({ events }) =>
      events.filter(({ event, base, reason }) => event === 'voted' && base === null && /^gate: /.test(String(reason))),
    )
    assert.ok(refusals.length >= 2)
    const status = JSON.stringify(await judges[0]?.status())
    assert.match(status, /"gate":\{"maxDrop":0\.1,"data":"gate","rows":56,"judgements":\[\{"round":1,/)
    assert.match(status, /"troubles":\[\]/)
  })

  it('draw the same four of thirteen that do not, and tell the last that it was drawn out', async () => {
    const keys = network.peers.map(({ key }) => fromHex(key) ?? new Uint8Array())
    const unlucky = lastDrawn(network.network, 2, keys)
    const peer = network.peers.find(({ key }) => key === toHex(unlucky))
    const daemon = daemons.find(({ name }) => name === peer?.name)
    assert.ok(peer && daemon)
    const { data, task } = peer
    const { join: id } = await daemon.ask('/v1/join', { data, text: 'text', label: 'label', task, plan: PLAN })
    assert.ok(id)
    await daemon.event(({ event, round }) => event === 'announced' && round === 2, 'announced')
    const authors = keysBefore(network.network, 2, unlucky, 12)
    // To round 1, which kept the weights: so they count in round 2.
    const ids = await liar.announceBy({ round: 1, parent: network.base }, authors)
    const bases = await fused(2)
    assert.equal(new Set(bases.map(({ base }) => base)).size, 1)
    const inputs = bases[0]?.['inputs']
    assert.ok(Array.isArray(inputs))
    assert.deepEqual(inputs.toSorted(), ids.slice(0, PLACES).toSorted())
    // Drawn out of round 2, it trains again for round 3 by itself.
    const again = await daemon.event(({ event, round }) => event === 'announced' && round === 3, 'announced again')
    assert.ok(again)
    const refused = JSON.stringify((await daemons[0]?.status())?.['refused'])
    assert.match(refused, /"reason":"lottery"/)
  })
})
