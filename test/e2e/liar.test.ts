import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startLiar } from '../support/e2e/liar.ts'
import { createTestNetwork } from '../support/e2e/network.ts'

const waitsFor = (round: number) => (entry: { event: string; round?: unknown }) =>
  entry.event === 'fused' && entry.round === round

// docs/reliability.md: faults 31, 32, 51 (bytes that do not match or never come) and 72 (NaN).
describe('a contributor that lies', () => {
  it('is never listed; the reason is visible, the round ends, the others agree', async () => {
    await using network = await createTestNetwork({ members: 4, round: { collectMs: 6_000, graceMs: 3_000 } })
    const daemons = await network.startAll(() => ({ rounds: 2 }))
    const [first] = daemons
    assert.ok(first)
    const invite = String((await first.event(({ event }) => event === 'ready', 'ready'))['invite'])

    await using liar = await startLiar({ invite, members: 4 })
    const missing = await liar.contribute({ round: 1, parent: network.base, lie: 'wrong-digest' })
    const one = await Promise.all(daemons.map((daemon) => daemon.event(waitsFor(1), 'the base of round 1')))
    assert.equal(new Set(one.map(({ base }) => base)).size, 1)

    const nan = await liar.contribute({ round: 2, parent: String(one[0]?.['base']), lie: 'nan' })
    // Before the round ends, every member's status says why it does not hold the contribution.
    for (const daemon of daemons) {
      const refused = await daemon.event(
        ({ event, contribution }) => event === 'contribution' && hasState(contribution, nan, 'refused'),
        'the refusal',
      )
      assert.match(JSON.stringify(refused), /not-finite/)
    }
    assert.match(JSON.stringify((await first.status())['contributions']), new RegExp(`${nan}.*not-finite`))
    const two = await Promise.all(daemons.map((daemon) => daemon.event(waitsFor(2), 'the base of round 2')))
    assert.equal(new Set(two.map(({ base }) => base)).size, 1)

    for (const daemon of daemons) {
      const { events, name } = daemon
      const refusal = await daemon.event(
        ({ event, id }) => event === 'refused' && id === missing,
        'why the bytes never came',
      )
      assert.equal(refusal['reason'], 'unavailable', `${name} says why`)
      assert.match(JSON.stringify((await daemon.status())['refused']), new RegExp(`${missing}.*unavailable`))
      const listed = events.filter(({ event }) => event === 'listed').flatMap(({ contributions }) => contributions)
      assert.ok(!listed.includes(missing) && !listed.includes(nan), `${name} saw no list with a lie`)
    }
    for (const { inputs } of [...one, ...two]) {
      assert.ok(Array.isArray(inputs) && inputs.length >= 3 && !inputs.includes(missing) && !inputs.includes(nan))
    }
  })
})

function hasState(contribution: unknown, id: string, state: string): boolean {
  if (
    typeof contribution !== 'object' ||
    contribution === null ||
    !('id' in contribution) ||
    !('state' in contribution)
  )
    return false
  return contribution.id === id && contribution.state === state
}
