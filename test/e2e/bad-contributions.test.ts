import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Daemon, DaemonEvent } from '../support/e2e/daemon.ts'
import { type Liar, startLiar, type Told } from '../support/e2e/liar.ts'
import { createTestNetwork, type TestNetwork } from '../support/e2e/network.ts'
import { lowTicket } from '../support/e2e/tickets.ts'

const PLAN = { steps: 4, batch: 8, learningRate: 0.001, maxTokens: 16 }

// Four honest daemons, and one liar among them that knows every lie. docs/reliability.md names the faults by number.
describe('bad contributions', () => {
  let network: TestNetwork
  let daemons: readonly Daemon[]
  let liar: Liar
  let lies: readonly Told[]
  let slow: readonly string[]
  let favoured: string
  let base: string
  /** Honest peers that each was connected to before anybody lied. */
  let connected: ReadonlyMap<Daemon, readonly Connected[]>

  before(async () => {
    network = await createTestNetwork({
      members: 4,
      // Patient, so that a second view could only come from waiting for somebody.
      round: { minContributions: 5, maxContributions: 8, collectMs: 1_000, graceMs: 3_000, viewTimeoutMs: 20_000 },
    })
    daemons = await network.startAll(() => ({ args: ['--threads', '1'] }))
    const ready = await Promise.all(daemons.map((daemon) => daemon.event(({ event }) => event === 'ready', 'ready')))
    const members = ready.flatMap(({ multiaddrs }) => (Array.isArray(multiaddrs) ? multiaddrs.map(String) : []))
    connected = new Map(await everyone(async (daemon) => [daemon, await peersOf(daemon)] as const))
    liar = await startLiar({ invite: String(ready[0]?.['invite']), members })
  })

  after(async () => {
    await liar?.[Symbol.asyncDispose]()
    await network?.[Symbol.asyncDispose]()
  })

  const everyone = <T>(work: (daemon: Daemon) => Promise<T>) => Promise.all(daemons.map(work))

  /** What could not be had at once may be called unavailable before it is called by its name. */
  const refuses = (told: readonly Told[]) =>
    everyone(async (daemon) => {
      for (const { id, name, reason } of told.filter((lie) => lie.id !== null)) {
        await daemon.event(
          (event) => event.event === 'refused' && event['id'] === id && event['reason'] === reason,
          `${name} to be refused as ${reason}`,
        )
      }
    })

  const holds = (id: string) =>
    everyone((daemon) => daemon.event((event) => stateOf(event, id) === 'held', `${id} is held`))

  /** These members train and contribute to the round being run. */
  const contribute = (names: readonly string[], round: number) =>
    Promise.all(
      network.peers
        .filter(({ name }) => names.includes(name))
        .map(async ({ name, data, task }) => {
          const daemon = daemons.find((candidate) => candidate.name === name)
          assert.ok(daemon)
          await daemon.ask('/v1/join', { data, text: 'text', label: 'label', task, plan: PLAN })
          return await daemon.event((event) => event.event === 'announced' && event['round'] === round, 'announced')
        }),
    )

  /** The base and inputs that all members agree on; none is one of these. */
  async function agree(round: number, untrue: readonly (string | null)[]): Promise<{ base: string; inputs: string[] }> {
    const fused = await everyone((daemon) =>
      daemon.event((event) => event.event === 'fused' && event['round'] === round, `the base of round ${round}`),
    )
    const [any] = fused
    assert.ok(any)
    const { base: agreed, inputs } = any
    assert.equal(new Set(fused.map((event) => event['base'])).size, 1, 'one base')
    assert.deepEqual(new Set(fused.map(({ view }) => view)), new Set([0]), 'nobody had to wait for a second view')
    assert.ok(Array.isArray(inputs))
    const ids = inputs.map(String)
    assert.deepEqual(
      ids.filter((id) => untrue.includes(id)),
      [],
    )
    return { base: String(agreed), inputs: ids }
  }

  // Faults 31-39, 72 and 76 (all rejected).
  it('leave the round open, the base as it is, and their reasons in status, while there are no others', async () => {
    const place = { round: 1, parent: network.base }
    const dan = String((await daemons[3]?.status())?.['peerId'])
    favoured = await liar.favour(place, dan)
    const delivered = await liar.lieInDelivery(place)
    slow = delivered.map(({ peerId }) => peerId)
    lies = [...(await liar.lieAboutBytes(place)), ...delivered]
    await refuses(lies)
    // Faults 20 and 32: what one holder gives at one byte a second comes from another.
    await holds(favoured)
    await everyone(async (daemon) => {
      const { round, base: current, waitingFor, contributions } = await daemon.status()
      assert.deepEqual([round, current], [1, network.base])
      const wait = JSON.stringify(waitingFor)
      assert.match(wait, /"what":"contributions","have":1,"need":5/)
      for (const { id, name, reason } of lies) {
        const state = JSON.stringify(contributions).match(new RegExp(`"id":"${id}".*?"reason":("[a-z-]*"|null)`))
        // One whose bytes are not to be had may just be asked for again.
        if (reason !== 'unavailable') assert.equal(state?.[1], JSON.stringify(reason), name)
      }
    })
  })

  it('are in no base, and keep no honest one out', async () => {
    const honest = await contribute(['ada', 'ben', 'cleo', 'dan'], 1)
    const one = await agree(
      1,
      lies.map(({ id }) => id),
    )
    base = one.base
    for (const { id } of honest) assert.ok(one.inputs.includes(String(id)))
  })

  // Faults 2-8 and 34, and what the lineage leaves out.
  it('that copy, contradict, repeat or give themselves away are refused with their reasons', async () => {
    const place = { round: 2, parent: base }
    const statements = await liar.lieInStatements({ ...place, olderBase: network.base })
    await refuses(statements)
    const unread = statements.filter(({ id }) => id === null)
    await everyone(async (daemon) => {
      const reasons = () =>
        daemon.events.flatMap((event) => (event.event === 'refused' && event['id'] === null ? [event['reason']] : []))
      const all = () =>
        unread.every(
          ({ reason }) =>
            count(reasons(), reason) >=
            count(
              unread.map((u) => u.reason),
              reason,
            ),
        )
      await daemon.event(all, 'a reason for each message that cannot be read')
    })

    const replayed = await checkpointOf(daemons[0], 1)
    const replay = await liar.claim(place, replayed)
    const [first, second, third] = await liar.announce(place, 3)
    assert.ok(first && second && third)
    await holds(first)
    await holds(second)
    await refuses([{ name: 'a third by one author', id: third, reason: 'author-limit' }])

    const [original] = await contribute(['ada'], 2)
    assert.ok(original)
    await holds(String(original['id']))
    const copy = await liar.claim(place, String(original['checkpoint']), lowTicket(network.network, 2))
    await holds(copy)

    await contribute(['ben', 'cleo', 'dan'], 2)
    const two = await agree(2, [...statements.map(({ id }) => id), replay, copy, third])
    assert.ok(two.inputs.includes(String(original['id'])), 'the copied one is in')
    const contradicted = [first, second].filter((id) => !two.inputs.includes(id))
    assert.ok(contradicted.length >= 1, 'one by one author')
    await refuses([
      { name: 'a replay', id: replay, reason: 'replay' },
      { name: 'a copy', id: copy, reason: 'copy' },
      ...contradicted.map((id) => ({ name: 'two by one author', id, reason: 'author' })),
    ])
  })

  it('cost their peers and nobody else', async () => {
    const keys = network.peers.map(({ key }) => key)
    await everyone(async (daemon) => {
      const seen = new Map((await peersOf(daemon)).map((peer) => [peer.id, peer]))
      const before = connected.get(daemon) ?? []
      assert.ok(before.length > 0)
      for (const { id } of before) {
        const peer = seen.get(id)
        assert.ok(peer && peer.score >= 0, `${daemon.name} still listens to ${id}`)
      }
      for (const id of liar.caught) assert.ok((seen.get(id)?.score ?? 0) < 0, `${daemon.name} caught ${id}`)
      for (const id of slow) assert.ok((seen.get(id)?.unanswered ?? 0) > 0, `${daemon.name} waited for ${id}`)
      const blamed = daemon.events.filter(
        (event) => event.event === 'refused' && keys.includes(String(event['author'])),
      )
      assert.deepEqual(
        blamed.filter(({ reason }) => !['not-listed', 'not-fetched'].includes(String(reason))),
        [],
      )
    })
  })
})

function stateOf({ event, contribution }: DaemonEvent, id: string): string | null {
  if (event !== 'contribution' || typeof contribution !== 'object' || contribution === null) return null
  if (!('id' in contribution && 'state' in contribution)) return null
  return contribution.id === id ? String(contribution.state) : null
}

function count<T>(values: readonly T[], wanted: T): number {
  return values.filter((value) => value === wanted).length
}

/** The checkpoint that this daemon announced in a round. */
async function checkpointOf(daemon: Daemon | undefined, round: number): Promise<string> {
  assert.ok(daemon)
  const announced = await daemon.event((event) => event.event === 'announced' && event['round'] === round, 'announced')
  return String(announced['checkpoint'])
}

interface Connected {
  readonly id: string
  readonly score: number
  readonly unanswered: number
}

async function peersOf(daemon: Daemon): Promise<readonly Connected[]> {
  const { peers } = await daemon.ask('/v1/peers')
  assert.ok(Array.isArray(peers))
  return peers.map(({ id, score, unanswered }) => ({
    id: String(id),
    score: Number(score),
    unanswered: Number(unanswered),
  }))
}
