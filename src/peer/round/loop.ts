import type { Contribution } from '../../../protocols/contribution/messages.ts'
import { toHex } from '../../../protocols/wire/bytes.ts'
import type { Verdict } from '../../../protocols/wire/verdict.ts'
import { UNAVAILABLE } from '../../rounds/collect.ts'
import type { RoundEffect, RoundEvent } from '../../rounds/events.ts'
import { heldMessages } from '../../rounds/held.ts'
import { leftOut } from '../../rounds/left-out.ts'
import { createRound, reduce } from '../../rounds/reduce.ts'
import type { ContributionEntry, Head, RoundState } from '../../rounds/state.ts'
import { OTHER_BASE } from '../../rounds/validity.ts'
import { asRoundMessage, isContribution, isRecent, parentOf } from '../../rounds/views.ts'
import type { PeerContext } from '../context.ts'
import type { Evidence } from '../evidence.ts'
import { askGate, type Gate } from '../gate/gate.ts'
import type { CheckedBase } from '../heads.ts'
import { findMismatch, type Mismatches } from '../mismatches.ts'
import type { Silence } from '../silence.ts'
import type { OwnMessage } from '../speaker.ts'
import type { Splits } from '../splits.ts'
import type { CatchUp } from '../types.ts'
import { createAdoption } from './adopt.ts'
import { createBuilds } from './builds.ts'
import { fetchParents } from './catch-up.ts'
import { createHeadComparison } from './compare-heads.ts'
import { createFetches, type Fetches } from './fetches.ts'
import { createFollower } from './follower.ts'
import { createInbox, type Inbox, type InboxTopic } from './inbox.ts'
import { mendInputs } from './mend-inputs.ts'
import { createReporter } from './reporter.ts'
import { createVoice } from './voice.ts'

/** Runs round after round: feeds the pure machine, does what it asks for, and moves on when a base is final. */
export interface RoundLoop {
  readonly state: RoundState
  readonly inbox: Inbox
  /** Why this member signs nothing; null when it does, or is none. */
  readonly muted: string | null
  /** How far a catch-up is; null when none is under way. */
  readonly catchUp: CatchUp | null
  receive(topic: InboxTopic, envelope: Uint8Array): Verdict
  /** An amendment that the next base should embed. */
  ratify(ratification: Uint8Array): void
  contribute(fields: Omit<Contribution, 'kind' | 'network' | 'author'>): Promise<OwnMessage>
  /** Compares heads with a peer and follows it if it is ahead, then exchanges what both hold for the round. */
  syncWith(peer: string): Promise<void>
  start(): void
  /** Resolves when nothing is being said or stored any more. */
  stop(): Promise<void>
}

export function createRoundLoop(options: {
  readonly context: PeerContext
  readonly head: Head
  readonly evidence: Pick<Evidence, 'store'>
  readonly splits: Pick<Splits, 'found' | 'reason'>
  readonly mismatches: Pick<Mismatches, 'record'>
  readonly silence: Silence
  /** Resolves when a neighbour was asked what this key said. */
  readonly compared: Promise<void>
  /** Null for who has no data to judge bases by. */
  readonly gate: Gate | null
  /** A round began. */
  readonly onRound: () => void
}): RoundLoop {
  const { context, silence } = options
  const { clock, log, speaker } = context
  const reporter = createReporter(context)
  if (options.splits.reason !== null) silence.impose(options.splits.reason)
  let state = newRound(options.head, null)
  let over = new AbortController()
  let fetches: Fetches = createFetches(context, state, over.signal)
  let speaking: Promise<void> = Promise.resolve()
  let moving: Promise<void> = Promise.resolve()

  const builds = createBuilds({
    context,
    round: () => ({ round: state.round, over: over.signal }),
    done: dispatch,
  })

  const inbox = createInbox({
    context,
    state: () => state,
    accept: (signed) => dispatch({ type: 'received', signed, now: clock.now() }),
    onImpostor: () => void silence.foundImpostor(),
  })

  const follower = createFollower({
    context,
    current: () => state.head,
    enter,
    onFollowed: silence.followed,
    onError: (peer, error) => heads.failed(peer, error),
  })

  const heads = createHeadComparison({
    context,
    follower: () => follower,
    onSplit: async (split) => {
      // Silent from the moment it is known: what the disk takes longer for is no excuse to speak.
      const told = options.splits.found(split)
      if (options.splits.reason !== null) silence.impose(options.splits.reason)
      await told
    },
  })

  const voice = createVoice({
    context,
    compared: options.compared,
    inbox,
    isStale: ({ round }) => silence.reason !== null || round !== state.round || follower.head.round >= round,
    onSaid: (signed, { saying, reason }) => {
      reporter.said(saying, reason)
      if (saying.kind === 'prevote/1' && reason === OTHER_BASE) void differ(state, saying.view)
      dispatch({ type: 'received', signed: asRoundMessage(signed), now: clock.now() })
    },
  })

  const adopt = createAdoption({ context, state: () => state, newest: () => follower.head, enter })

  /** Somebody's base is not ours: if ours was made of rotten bytes it is made anew, else it is written down. Never throws. */
  async function differ(then: RoundState, view: number): Promise<void> {
    const found = findMismatch(then, view)
    try {
      if (found !== null && (await mendInputs(context, found.spec, over.signal))) {
        if (then.round === state.round) builds.build({ type: 'build', key: found.key, spec: found.spec })
        return
      }
    } catch (error) {
      log.warn('not-mended', { error: String(error) })
    }
    await options.mismatches.record(then, view)
  }

  function newRound(head: Head, previous: RoundState | null): RoundState {
    const options = { head, self: context.key, now: clock.now() }
    return createRound(previous === null ? options : { ...options, previous })
  }

  function dispatch(event: RoundEvent): void {
    if (context.signal.aborted) return
    const before = state
    const step = reduce(state, event)
    state = step.state
    const changed = [...state.contributions].filter(([id, entry]) => before.contributions.get(id) !== entry)
    const entries = changed.map(([, entry]) => entry)
    reporter.report(entries, state, event)
    for (const [id, entry] of changed) {
      const was = before.contributions.get(id)
      if (entry.state === 'refused' && was?.reason !== entry.reason) noteRefused(entry, entry.reason ?? UNAVAILABLE)
    }
    for (const effect of step.effects) run(effect)
  }

  function noteRefused({ contribution }: ContributionEntry, reason: string): void {
    inbox.note({ what: 'contribution', id: String(contribution.id), author: toHex(contribution.author), reason })
  }

  function run(effect: RoundEffect): void {
    const now = () => clock.now()
    switch (effect.type) {
      case 'say':
        speaking = speaking.then(() => voice.say(effect))
        break
      case 'timer': {
        const cancel = clock.after(effect.delayMs, () => dispatch({ type: 'timer', name: effect.name, now: now() }))
        over.signal.addEventListener('abort', cancel, { once: true })
        break
      }
      case 'fetch-checkpoint': {
        const { id } = effect.contribution
        fetches.checkpoint(effect.contribution, effect.from, (reason) =>
          dispatch({ type: 'checkpoint', id, reason, now: now() }),
        )
        break
      }
      case 'fetch-lineage':
        fetches.lineage(effect.cid, effect.from, state.view, (bytes) =>
          dispatch({ type: 'lineage', cid: effect.cid, bytes, now: now() }),
        )
        break
      case 'fetch-contributions':
        void exchange(context.peerIdOf(effect.from))
        break
      case 'build':
        builds.build(effect)
        break
      case 'judge-gate':
        askGate(options.gate, effect, (event) => dispatch({ ...event, now: now() }))
        break
      case 'decided':
        follower.interrupt()
        moving = moving.then(() => adopt(effect.base, effect.certificate))
        break
      case 'evidence':
        options.evidence
          .store(effect.first, effect.second)
          .catch((error: unknown) => log.error('evidence-crashed', { error: String(error) }))
        break
      case 'entered-view':
        reporter.enteredView(state, effect.view, effect.aggregator)
        break
    }
  }

  /** Leaves the round behind and begins the next at `head`, which the chain file holds. */
  function enter(checked: CheckedBase): void {
    const { head } = checked
    follower.entered()
    over.abort()
    over = new AbortController()
    void silence.entered(head)
    reporter.advanced(state, checked)
    const hasJumped = head.round !== state.round
    const left = hasJumped ? [] : leftOut(state, checked.opened)
    state = newRound(head, state)
    for (const { entry, reason } of left) {
      // Unless it counts in the next round by itself.
      if (!state.contributions.has(String(entry.contribution.id)) || reason === UNAVAILABLE) noteRefused(entry, reason)
    }
    fetches = createFetches(context, state, over.signal)
    begin()
    // Who came later has not got the weights of earlier bases.
    if (hasJumped) void fetchParents(context, state, over.signal)
  }

  function begin(): void {
    const { head, round } = state
    // Taken by this round, and in no base yet.
    const isStillOffered = ({ message }: { readonly message: Contribution }) =>
      parentOf(head, message.parent, message.round) !== null && !isRecent(head, message.checkpoint)
    const isNeeded = (signed: OwnMessage) =>
      signed.message.round >= round || (isContribution(signed) && isStillOffered(signed))
    const recorded = speaker.recorded.filter(isNeeded)
    dispatch({ type: 'restored', signed: recorded, now: clock.now() })
    dispatch({ type: 'started', now: clock.now() })
    options.onRound()
    for (const signed of recorded) {
      if (speaker.isOwn(signed)) void voice.publish(isContribution(signed) ? 'contributions' : 'votes', signed.envelope)
    }
    for (const early of inbox.takeEarly()) inbox.receive(early.topic, early.envelope)
    speaking = speaking
      .then(() => speaker.keepOnly((signed) => isNeeded(signed) || speaker.isNewest(signed)))
      .catch((error: unknown) => context.troubles.report('journal', error))
  }

  async function syncWith(peer: string): Promise<void> {
    await heads.compare(peer)
    moving = moving.then(() => follower.run())
    await moving
    await exchange(peer)
  }

  async function exchange(peer: string): Promise<void> {
    const which = `messages of round ${state.round}`
    using _ = context.waits.begin({ what: 'exchange', which, whom: [peer], isRoutine: true })
    try {
      const have = heldMessages(state).map(({ id }) => id)
      for await (const { topic, envelope } of context.sync.round(peer, state.round, have, over.signal))
        inbox.receive(topic, envelope)
    } catch (error) {
      if (!context.signal.aborted) log.info('sync-failed', { peer, error: String(error) })
    }
  }

  return {
    get state() {
      return state
    },
    get muted() {
      return silence.reason
    },
    get catchUp() {
      return follower.progress
    },
    inbox,
    receive: (topic, envelope) => inbox.receive(topic, envelope),
    ratify: (ratification) => dispatch({ type: 'ratified', ratification, now: clock.now() }),
    contribute: async (fields) => {
      const signed = await speaker.contribute(fields)
      inbox.receive('contributions', signed.envelope)
      await voice.publish('contributions', signed.envelope)
      return signed
    },
    syncWith,
    start: () => {
      begin()
      void fetchParents(context, state, over.signal)
    },
    stop: async () => {
      over.abort()
      const which = 'what is being said, stored or fused'
      await context.waits.during({ what: 'stop', which }, () =>
        Promise.allSettled([speaking, moving, builds.settled()]),
      )
    },
  }
}
