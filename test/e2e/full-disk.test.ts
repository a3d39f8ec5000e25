import assert from 'node:assert/strict'
import { cp, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { decodeJournal } from '../../src/adapters/files/journal-format.ts'
import { readStatement } from '../support/audit/contradictions.ts'
import { diskEnvironment } from '../support/disk/plan.ts'
import { liftFileSize, mountSmallDisk } from '../support/disk/small-disk.ts'
import type { Daemon, DaemonEvent } from '../support/e2e/daemon.ts'
import { createTestNetwork } from '../support/e2e/network.ts'
import { startWitness } from '../support/e2e/witness.ts'

/** The disk is full from just before one of these on, each in its turn. */
const FILLS = ['blocks write', 'heads create', 'chain write'] as const
const DEADLINE_MS = 90_000

/** Waits for the first event after `from` that fits. */
function eventAfter(daemon: Daemon, from: number, fits: (event: DaemonEvent) => boolean, what: string) {
  return daemon.event((event) => daemon.events.indexOf(event) >= from && fits(event), what, DEADLINE_MS)
}

/** Nobody may read half a label. */
async function writeAside(path: string, text: string): Promise<void> {
  await writeFile(`${path}.aside`, text)
  await rename(`${path}.aside`, path)
}

const isVote = ({ event, base }: DaemonEvent) => event === 'voted' && base !== null

// docs/reliability.md: fault 45 (disk full at each write), on a real small disk under a real daemon.
describe('a member whose disk is full', () => {
  it('says so, votes for nothing that it cannot store, never speaks unjournaled, and goes on when there is room', async () => {
    const round = { minContributions: 1, maxContributions: 4, collectMs: 1_000, graceMs: 500, viewTimeoutMs: 1_500 }
    await using network = await createTestNetwork({ members: 4, round })
    const [founder, second, third, last] = network.peers
    assert.ok(founder && second && third && last)
    await using disk = await mountSmallDisk(join(network.dir, 'small'), 256)
    const member = { ...last, dataDir: join(disk.path, 'peer') }
    await cp(last.dataDir, member.dataDir, { recursive: true })
    const first = await network.start(founder, { rounds: 100_000 })
    const invite = String((await first.event(({ event }) => event === 'ready', 'ready'))['invite'])
    const others = [first, await network.start(second, { invite }), await network.start(third, { invite })]
    await using witness = await startWitness(invite)
    const armed = join(network.dir, 'armed')
    const capped = join(network.dir, 'capped')
    const trace = join(network.dir, 'trace')
    const plan = { directory: member.dataDir, trace, fill: { armed, ballast: disk.ballast }, cap: { armed: capped } }
    const daemon = await network.start(member, { invite, rounds: 100_000, env: diskEnvironment(plan) })

    for (const label of FILLS) {
      await writeAside(armed, label)
      await daemon.event(({ event, label: of }) => event === 'disk-filled' && of === label, label, DEADLINE_MS)
      const filled = daemon.events.findIndex(({ event, label: of }) => event === 'disk-filled' && of === label)
      const trouble = await eventAfter(daemon, filled, ({ event }) => event === 'trouble', `what ${label} led to`)
      assert.match(`${trouble['reason']} ${trouble['hint']}`, /ENOSPC.*(full|free)/, label)
      const { troubles } = await daemon.status()
      assert.match(JSON.stringify(troubles), /ENOSPC/, label)
      const freed = daemon.events.length
      await disk.free()
      await eventAfter(daemon, freed, ({ event }) => event === 'fused', `the round after ${label}`)
      const vote = await eventAfter(daemon, freed, isVote, `a vote after ${label}`)
      const isThatRound = (event: DaemonEvent) => event.event === 'fused' && event['round'] === vote['round']
      const fused = await Promise.all(
        [...others, daemon].map((each) => each.event(isThatRound, 'that round', DEADLINE_MS)),
      )
      assert.equal(new Set(fused.map(({ base }) => base)).size, 1, label)
    }

    // The journal, alone at first: it may not grow, so nothing may be said.
    const journal = join(member.dataDir, 'journal')
    const pid = Number(JSON.parse(await readFile(join(member.dataDir, 'lock.json'), 'utf8')).pid)
    const from = daemon.events.length
    await writeAside(capped, 'journal write')
    const isUnsaid = ({ event, reason }: DaemonEvent) => event === 'refused' && /not journaled/.test(String(reason))
    await eventAfter(daemon, from, isUnsaid, 'a message that is not journaled')
    const { round: stuck, troubles } = await daemon.status()
    assert.match(JSON.stringify(troubles), /"journal"/)
    await others[0]?.event(
      ({ event, round }) => event === 'fused' && Number(round) > Number(stuck),
      'the others go on',
      DEADLINE_MS,
    )
    const journaled = new Set(
      decodeJournal(await readFile(journal), journal).records.map((record) => readStatement(record)?.payload),
    )
    const said = witness.heard.flatMap((envelope) => readStatement(envelope) ?? [])
    const own = said.filter(({ author, round: of }) => author === member.key && of === stuck)
    assert.deepEqual(
      own.filter(({ payload }) => !journaled.has(payload)),
      [],
      'everything that was said is in the journal',
    )
    const lifted = daemon.events.length
    await liftFileSize(pid)
    await eventAfter(daemon, lifted, isVote, 'a vote when there is room again')
    const complaints = [...others, daemon].flatMap(({ events }) =>
      events.filter(({ event }) => event === 'evidence' || event === 'muted'),
    )
    assert.deepEqual(complaints, [])
    await daemon.stop()
  })
})
