import { decode } from '@ipld/dag-cbor'

/** What an author signed, read with nothing of the project: the judge must not share the defendant's mistakes. */
export interface Statement {
  readonly author: string
  readonly kind: string
  readonly round: number
  /** The view, or a list's sequence number. */
  readonly turn: number
  readonly base: string | null
  readonly contributions: readonly string[]
  readonly payload: string
}

/**
 * Every way in which somebody contradicts himself in `envelopes`, in words: two messages for one turn, a list that takes
 * back what an earlier one had, a vote against a lock without the quorum of prevotes that would lift it.
 */
export function findContradictions(envelopes: Iterable<Uint8Array>, quorum: number): readonly string[] {
  const statements = new Map<string, Statement>()
  for (const envelope of envelopes) {
    const statement = readStatement(envelope)
    if (statement) statements.set(`${statement.author} ${statement.payload}`, statement)
  }
  const all = [...statements.values()]
  return [...doubles(all), ...shrunkenLists(all), ...brokenLocks(all, quorum)]
}

function doubles(all: readonly Statement[]): string[] {
  const bySlot = Map.groupBy(all, ({ author, kind, round, turn }) => `${author} ${kind} round ${round} turn ${turn}`)
  return [...bySlot].flatMap(([slot, said]) => (said.length > 1 ? [`${slot}: ${said.length} different messages`] : []))
}

function shrunkenLists(all: readonly Statement[]): string[] {
  const lists = all.filter(({ kind }) => kind === 'list/1')
  const byAuthor = Map.groupBy(lists, ({ author, round }) => `${author} round ${round}`)
  return [...byAuthor].flatMap(([who, own]) => {
    const inOrder = own.toSorted((a, b) => a.turn - b.turn)
    return inOrder.flatMap((list, i) => {
      const before = inOrder[i - 1]?.contributions ?? []
      return before.every((id) => list.contributions.includes(id)) ? [] : [`${who}: list ${list.turn} takes back`]
    })
  })
}

function brokenLocks(all: readonly Statement[], quorum: number): string[] {
  const prevotes = all.filter(({ kind, base }) => kind === 'prevote/1' && base !== null)
  const locks = all.filter(({ kind, base }) => kind === 'precommit/1' && base !== null)
  const hasQuorum = (round: number, base: string | null, from: number, until: number) => {
    const fitting = prevotes.filter((vote) => vote.round === round && vote.base === base)
    const byView = Map.groupBy(fitting, ({ turn }) => turn)
    return [...byView].some(([view, votes]) => view >= from && view < until && votes.length >= quorum)
  }
  return locks.flatMap((lock) =>
    prevotes
      .filter(({ author, round, turn, base }) => {
        return author === lock.author && round === lock.round && turn > lock.turn && base !== lock.base
      })
      .filter((vote) => !hasQuorum(vote.round, vote.base, lock.turn, vote.turn))
      .map(
        (vote) =>
          `${vote.author} round ${vote.round}: votes in view ${vote.turn} against its lock of view ${lock.turn}`,
      ),
  )
}

/** Null for what is no list, proposal or vote. */
export function readStatement(envelope: Uint8Array): Statement | null {
  const outer: unknown = decode(envelope)
  const payload = fieldOf(outer, 'payload')
  if (!(payload instanceof Uint8Array)) return null
  const inner: unknown = decode(payload)
  const [kind, author, round] = ['kind', 'author', 'round'].map((name) => fieldOf(inner, name))
  if (typeof kind !== 'string' || !(author instanceof Uint8Array) || typeof round !== 'number') return null
  if (!['list/1', 'proposal/1', 'prevote/1', 'precommit/1'].includes(kind)) return null
  const base = fieldOf(inner, 'base')
  const contributions = fieldOf(inner, 'contributions')
  return {
    author: Buffer.from(author).toString('hex'),
    kind,
    round,
    turn: Number(fieldOf(inner, kind === 'list/1' ? 'seq' : 'view')),
    base: base === null || base === undefined ? null : String(base),
    contributions: Array.isArray(contributions) ? contributions.map(String) : [],
    payload: Buffer.from(payload).toString('hex'),
  }
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}
