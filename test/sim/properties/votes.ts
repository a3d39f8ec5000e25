import { historyOf } from './history.ts'
import type { Property, Run } from './property.ts'
import { hex } from './reading.ts'

/** Members that signed a precommit for a base, by round, view and base, whether or not anybody heard it. */
function precommitted(run: Run): ReadonlyMap<string, { round: number; base: string; authors: ReadonlySet<string> }> {
  const votes = new Map<string, { round: number; base: string; authors: Set<string> }>()
  for (const { signed } of run.record.spoken) {
    const { message } = signed
    if (message.kind !== 'precommit/1' || message.base === null) continue
    const { round, view } = message
    const base = String(message.base)
    const found = votes.get(`${round}/${view}/${base}`) ?? { round, base, authors: new Set<string>() }
    found.authors.add(hex(message.author))
    votes.set(`${round}/${view}/${base}`, found)
  }
  return votes
}

/** Whoever collects every vote that was ever signed, and every base that somebody took for final, finds one a round. */
export const S1: Property = {
  name: 'S1',
  title: 'never two certificates of one round for different bases',
  check: (run) => {
    const history = historyOf(run)
    const final = new Map<number, Set<string>>()
    const note = (round: number, base: string) => final.set(round, (final.get(round) ?? new Set()).add(base))
    for (const { round, base, authors } of precommitted(run).values()) {
      const { members, quorum } = history.committee(round)
      if ([...authors].filter((author) => members.has(author)).length >= quorum) note(round, base)
    }
    for (const { host, decision } of run.record.adoptions)
      if (!run.hosts[host]?.liar) note(decision.round, String(decision.base))
    const forks = [...final]
      .filter(([, bases]) => bases.size > 1)
      .map(
        ([round, bases]) =>
          `two certified bases in round ${round}: ${[...bases].map((base) => base.slice(-6)).join(', ')}`,
      )
    return [...forks, ...brokenLocks(run)]
  },
}

/**
 * What keeps two certificates apart: who precommitted a base prevotes another one later only when a quorum signed prevotes for
 * that one, in the view of the lock or after.
 */
function brokenLocks(run: Run): readonly string[] {
  const votes = run.record.spoken.flatMap(({ host, signed: { message } }) =>
    message.kind === 'prevote/1' || message.kind === 'precommit/1'
      ? [{ host, ...message, base: message.base && String(message.base) }]
      : [],
  )
  const prevoters = new Map<string, Set<string>>()
  for (const { kind, round, view, base, author } of votes) {
    if (kind !== 'prevote/1' || base === null) continue
    const name = `${round}/${view}/${base}`
    prevoters.set(name, (prevoters.get(name) ?? new Set()).add(hex(author)))
  }
  const isCarried = (round: number, base: string, from: number, to: number) => {
    const { quorum } = historyOf(run).committee(round)
    for (let view = from; view < to; view++)
      if ((prevoters.get(`${round}/${view}/${base}`)?.size ?? 0) >= quorum) return true
    return false
  }
  const locks = votes.filter(
    ({ kind, base, host }) => kind === 'precommit/1' && base !== null && !run.hosts[host]?.liar,
  )
  return locks.flatMap((lock) =>
    votes
      .filter(
        ({ kind, host, round, view, base }) =>
          kind === 'prevote/1' &&
          host === lock.host &&
          round === lock.round &&
          view > lock.view &&
          base !== null &&
          base !== lock.base,
      )
      .filter(({ round, view, base }) => base !== null && !isCarried(round, base, lock.view, view))
      .map(
        ({ host, round, view }) => `host ${host} left its lock of round ${round}, view ${lock.view}, in view ${view}`,
      ),
  )
}

/** One message a slot, for ever; and later lists only add. */
export const S5: Property = {
  name: 'S5',
  title: 'an honest key never signs two contradicting payloads',
  check: (run) => {
    const slots = new Map<string, string>()
    const listed = new Map<string, { seq: number; ids: ReadonlySet<string> }[]>()
    const found: string[] = []
    for (const { host, signed } of run.record.spoken) {
      if (run.hosts[host]?.liar) continue
      const { message } = signed
      const place = message.kind === 'list/1' ? `list ${message.seq}` : `${message.kind} of view ${message.view}`
      const slot = `host ${host}, round ${message.round}, ${place}`
      const before = slots.get(slot)
      if (before !== undefined && before !== String(signed.id)) found.push(`${slot}: two of them`)
      slots.set(slot, String(signed.id))
      if (message.kind !== 'list/1') continue
      const key = `${host}/${message.round}`
      const own = { seq: message.seq, ids: new Set(message.contributions.map(String)) }
      for (const other of listed.get(key) ?? []) {
        const [first, then] = other.seq < own.seq ? [other, own] : [own, other]
        if ([...first.ids].some((id) => !then.ids.has(id))) found.push(`${slot}: drops what an earlier list names`)
      }
      listed.set(key, [...(listed.get(key) ?? []), own])
    }
    for (const { host, evidence } of run.record.accusations) {
      const accused = run.hosts.find(({ key }) => hex(key.publicKey) === hex(evidence.first.message.author))
      if (accused && !accused.liar) found.push(`host ${host} accuses the honest host ${accused.index}`)
    }
    return found
  },
}

/** Whatever an honest member takes for final, a quorum of distinct members signed; and nothing while no group has one. */
export const L2: Property = {
  name: 'L2',
  title: 'a minority never certifies',
  check: (run) => {
    const history = historyOf(run)
    const found: string[] = []
    for (const { read } of history.adopted) {
      const { quorum } = history.committee(read.round)
      const signers = history.signersOf(read.certificate)
      if (signers < quorum) found.push(`round ${read.round} is final by ${signers} votes, ${quorum} are a quorum`)
    }
    const { peace } = run
    if (peace?.wasSplit) {
      const early = run.record.adoptions.filter(({ atMs }) => atMs < peace.sinceMs)
      for (const { host, decision } of early) found.push(`host ${host} decided round ${decision.round} in a minority`)
    }
    return found
  },
}
