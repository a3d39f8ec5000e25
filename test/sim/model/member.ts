import type { CID } from 'multiformats/cid'
import { openCertificate } from '../../../protocols/round/certificate.ts'
import type { RoundMessage } from '../../../protocols/round/rules.ts'
import { equalCids, toHex } from '../../../protocols/wire/bytes.ts'
import type { Signed } from '../../../protocols/wire/envelope.ts'
import type { RoundEffect, RoundEvent, Saying } from '../../../src/rounds/events.ts'
import type { RoundState } from '../../../src/rounds/state.ts'
import { type TimerKind, timerName } from '../../../src/rounds/timeouts.ts'
import { judge } from '../../../src/rounds/views.ts'
import { buildFake } from '../../support/rounds/fusion.ts'
import { signSaying } from '../../support/rounds/speech.ts'
import type { Untimed } from '../host.ts'
import type { Stage } from './stage.ts'
import { type Universe, type Utterance, VIEWS } from './universe.ts'

/** An honest member: the real machine, and what it said so far. */
export interface Member {
  readonly place: number
  readonly state: RoundState
  /** What it said in the views of the model. */
  readonly said: readonly Utterance[]
  /** And in later views. */
  readonly later: readonly Signed<RoundMessage>[]
  /** A proposal that is being journaled: time goes on before it is sent. */
  readonly pending: Utterance | null
  readonly broken: readonly string[]
}

/** What can happen to a member. */
export type Happening =
  | { readonly what: 'hears'; readonly utterances: readonly Pick<Utterance, 'signed'>[] }
  | { readonly what: 'timeout'; readonly kind: TimerKind }
  | { readonly what: 'journaled' }

/** A member in view 0, with the contribution, a quorum of lists and both lineages, that heard nothing else. */
export function openMember(universe: Universe, place: number): Member {
  const { stage } = universe
  const { machine, head } = stage
  const self = keyOf(stage, place).publicKey
  const state = machine.createRound({ head, self, now: 0 })
  let member: Member = { place, state, said: [], later: [], pending: null, broken: [] }
  const feed = (event: Untimed<RoundEvent>) => {
    member = take(universe, member, event)
  }
  feed({ type: 'started' })
  feed({ type: 'received', signed: stage.contribution })
  for (const kind of ['collect', 'grace'] as const) feed({ type: 'timer', name: timerName(member.state, kind) })
  for (const other of stage.listsGiven[place] ?? []) {
    const list = stage.lists[other]
    if (list && other !== place) feed({ type: 'received', signed: list })
  }
  const lineages = new Map([...member.state.lineages, ...stage.lineages])
  return { ...member, state: { ...member.state, lineages } }
}

/** The member after something happened to it. The given one is not changed. */
export function happen(universe: Universe, member: Member, happening: Happening): Member {
  switch (happening.what) {
    case 'hears':
      return happening.utterances.reduce((now, { signed }) => hear(universe, now, signed), member)
    case 'timeout':
      return take(universe, member, { type: 'timer', name: timerName(member.state, happening.kind) })
    case 'journaled':
      return member.pending ? utter(universe, { ...member, pending: null }, member.pending) : member
  }
}

function hear(universe: Universe, member: Member, signed: Signed<RoundMessage>): Member {
  const isAccepted = judge(member.state, signed).verdict === 'accept'
  return isAccepted ? take(universe, member, { type: 'received', signed }) : member
}

function take(universe: Universe, member: Member, event: Untimed<RoundEvent>): Member {
  const step = universe.stage.machine.reduce(member.state, { ...event, now: 0 })
  return step.effects.reduce((now, effect) => answer(universe, now, effect), { ...member, state: step.state })
}

/** Bytes and builds are there at once; so are own votes, which only count the sooner for it. */
function answer(universe: Universe, member: Member, effect: RoundEffect): Member {
  const { stage } = universe
  const { facts, bases } = stage
  switch (effect.type) {
    case 'say':
      return speak(universe, member, effect.saying)
    case 'fetch-checkpoint':
      return take(universe, member, { type: 'checkpoint', id: effect.contribution.id, reason: null })
    case 'fetch-lineage': {
      const { bytes } = equalCids(effect.cid, bases.A.lineage) ? bases.A : bases.B
      return take(universe, member, { type: 'lineage', cid: effect.cid, bytes })
    }
    case 'build': {
      const { base, lineage } = buildFake(facts, effect.spec)
      return take(universe, member, { type: 'built', key: effect.key, base, lineage })
    }
    case 'decided':
      return checkDecision(universe, member, effect)
    case 'fetch-contributions':
    case 'timer':
    case 'evidence':
    case 'entered-view':
    case 'judge-gate':
      return member
  }
}

/** A proposal waits until it is journaled; what is said after the last view does not. */
function speak(universe: Universe, member: Member, saying: Saying): Member {
  if (saying.kind === 'list/1' || saying.view >= VIEWS) {
    const signed = signSaying(saying, keyOf(universe.stage, member.place), universe.stage.facts.id)
    const later = saying.kind === 'list/1' ? member.later : [...member.later, signed]
    return take(universe, { ...member, later }, { type: 'received', signed })
  }
  const utterance = universe.find(member.place, saying)
  if (saying.kind === 'proposal/1') return { ...member, pending: utterance }
  return utter(universe, member, utterance)
}

function utter(universe: Universe, member: Member, utterance: Utterance): Member {
  const before = member.said.find(({ slot }) => slot === utterance.slot)
  const contradiction = before && before !== utterance ? [`S5: ${before.text}, and ${utterance.text}`] : []
  const said = before ? member.said : [...member.said, utterance]
  const after = { ...member, said, broken: [...member.broken, ...contradiction] }
  return take(universe, after, { type: 'received', signed: utterance.signed })
}

/** Validity: what is decided is a base that fusion gives, with a certificate that holds for a stranger. */
function checkDecision(
  { stage }: Universe,
  member: Member,
  { base, certificate }: Extract<RoundEffect, { type: 'decided' }>,
): Member {
  const isCertified = equalCids(certifiedBase(stage, certificate), base)
  const isValid = [stage.bases.A, stage.bases.B].some((valid) => equalCids(valid.base, base))
  return {
    ...member,
    broken: [
      ...member.broken,
      ...(isCertified ? [] : [`member ${member.place} decided without a certificate`]),
      ...(isValid ? [] : [`member ${member.place} decided a base that nobody can compute`]),
    ],
  }
}

/** Few certificates are possible, and each is met often. */
const opened = new Map<string, CID | null>()

function certifiedBase({ facts: { id, quorum, isMember } }: Stage, bytes: Uint8Array): CID | null {
  const name = `${quorum} ${toHex(bytes)}`
  const known = opened.get(name)
  if (known !== undefined) return known
  const read = openCertificate(bytes, { network: id, quorum, isMember })
  const base = 'base' in read ? read.base : null
  opened.set(name, base)
  return base
}

function keyOf({ members }: Stage, place: number) {
  const key = members[place]
  if (!key) throw new Error(`no member ${place}`)
  return key
}

/**
 * The member without the votes and second proposals that it heard: what it did because of them stays, and they may be heard
 * again. Who remembers fewer can do all that who remembers more can, and later.
 */
export function forget(member: Member): Member {
  const { state } = member
  const own = toHex(state.self ?? new Uint8Array())
  const ofOwn = <V>(votes: ReadonlyMap<string, V>) => new Map([...votes].filter(([author]) => author === own))
  const ownVotes = <V>(views: ReadonlyMap<number, ReadonlyMap<string, V>>) =>
    new Map([...views].map(([view, votes]) => [view, ofOwn(votes)] as const).filter(([, votes]) => votes.size > 0))
  const heard = [...state.prevotes.values(), ...state.precommits.values()].flatMap((votes) =>
    [...votes].filter(([author]) => author !== own).map(([, vote]) => String(vote.id)),
  )
  const doubles = [...state.doubles.values()].flat()
  const gone = new Set([...heard, ...doubles.map(({ id }) => String(id))])
  return {
    ...member,
    state: {
      ...state,
      prevotes: ownVotes(state.prevotes),
      precommits: ownVotes(state.precommits),
      doubles: new Map(),
      accused: new Set(),
      reached: ofOwn(state.reached),
      known: new Set([...state.known].filter((id) => !gone.has(id))),
    },
  }
}
