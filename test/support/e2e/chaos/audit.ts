import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { decodeJournal } from '../../../../src/adapters/files/journal-format.ts'
import { readChain } from '../../../../src/peer/chain.ts'
import { findContradictions } from '../../audit/contradictions.ts'
import type { Daemon, DaemonEvent } from '../daemon.ts'
import type { Witness } from '../witness.ts'

/** Everything that daemons of one network ever said, over all their starts, and what may never be in it. */
export interface Audit {
  /** Adds a start of a member. */
  watch(daemon: Daemon): Daemon
  /** The highest round that any daemon ended so far. */
  readonly round: number
  /** Waits until each of them has ended a round above `round`, then checks everything. @returns the round that they all reached */
  agree(daemons: readonly Daemon[], round: number, what: string, withinMs?: number): Promise<number>
  /** Never two bases of one round, nobody goes back, nobody is accused or silenced. */
  check(): void
  /** Puts what a member's journal holds beside what was heard: before it is killed, and after. */
  readJournal(dataDir: string): Promise<void>
  /** No contradiction in anything heard or journaled; what was announced is in a base, or has a reason. @param quorum of the committee */
  finish(witness: Witness, quorum: number): void
  /** Contributions in no base and without a reason; of the newest round, whose end is not told yet, nothing is asked. */
  lost(): readonly string[]
  /** Contributions that were announced, and how many of them are in a base. */
  readonly contributions: { readonly announced: number; readonly included: number }
}

const AGREE_WITHIN_MS = 240_000

const isEnd = ({ event }: DaemonEvent) => event === 'fused' || event === 'synced'

export function createAudit(): Audit {
  const starts: Daemon[] = []
  const journaled = new Map<string, Uint8Array>()

  function basesByRound(): ReadonlyMap<number, ReadonlySet<string>> {
    const bases = new Map<number, Set<string>>()
    for (const { round, base } of starts.flatMap(({ events }) => events.filter(isEnd))) {
      const known = bases.get(Number(round)) ?? new Set()
      bases.set(Number(round), known.add(String(base)))
    }
    return bases
  }

  function check(): void {
    const forks = [...basesByRound()].filter(([, bases]) => bases.size > 1)
    assert.deepEqual(forks, [], 'one base of each round')
    for (const { name, events } of starts) {
      const rounds = events.filter(isEnd).map(({ round }) => Number(round))
      const ascending = rounds.every((round, i) => i === 0 || round > Number(rounds[i - 1]))
      assert.ok(ascending, `${name} never goes back: ${rounds}`)
      const complaints = events.filter(({ event }) => event === 'evidence' || event === 'muted')
      assert.deepEqual(complaints, [], `${name} accuses nobody and is not silenced`)
    }
  }

  function lost(): readonly string[] {
    const all = starts.flatMap(({ events }) => events)
    const included = new Set(
      all.flatMap(({ event, inputs }) => (event === 'fused' && Array.isArray(inputs) ? inputs : [])),
    )
    const reasons = all.flatMap((event) => {
      if (event.event === 'refused') return [event['id']]
      return event.event === 'outcome' ? [event['id']] : []
    })
    const last = Math.max(0, ...basesByRound().keys())
    const announced = all.filter(({ event, round }) => event === 'announced' && Number(round) < last)
    return announced.map(({ id }) => String(id)).filter((id) => !included.has(id) && !reasons.includes(id))
  }

  return {
    watch: (daemon) => {
      starts.push(daemon)
      return daemon
    },
    get round() {
      return Math.max(0, ...basesByRound().keys())
    },
    agree: async (daemons, round, what, withinMs = AGREE_WITHIN_MS) => {
      const isNext = (event: DaemonEvent) => isEnd(event) && Number(event['round']) > round
      const ends = await Promise.all(daemons.map((each) => each.event(isNext, what, withinMs)))
      check()
      return Math.max(...ends.map((end) => Number(end['round'])))
    },
    check,
    readJournal: async (dataDir) => {
      const path = join(dataDir, 'journal')
      for (const record of decodeJournal(await readFile(path), path).records)
        journaled.set(Buffer.from(record).toString('base64'), record)
    },
    finish: ({ heard }, quorum) => {
      check()
      assert.ok(heard.length > 0 && journaled.size > 0)
      assert.deepEqual(findContradictions([...heard, ...journaled.values()], quorum), [])
      assert.deepEqual(lost(), [], 'every announced contribution is in a base, or has a reason')
    },
    lost,
    get contributions() {
      const all = starts.flatMap(({ events }) => events)
      const announced = new Set(all.flatMap(({ event, id }) => (event === 'announced' ? [id] : [])))
      const included = all.flatMap(({ event, inputs }) => (event === 'fused' && Array.isArray(inputs) ? inputs : []))
      return { announced: announced.size, included: new Set(included.filter((id) => announced.has(id))).size }
    },
  }
}

/** The bases that a stopped member has, and that nothing half written is left in its directory. */
export async function chainOf(dataDir: string): Promise<readonly string[]> {
  const files = await readdir(dataDir, { recursive: true })
  assert.deepEqual(
    files.filter((name) => name.endsWith('.tmp')),
    [],
  )
  assert.deepEqual(await readdir(join(dataDir, 'blocks', 'files', 'making')).catch(() => []), [])
  return (await readChain(join(dataDir, 'chain'))).entries.map(({ base }) => String(base))
}
