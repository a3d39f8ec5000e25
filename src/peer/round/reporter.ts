import { toHex } from '../../../protocols/wire/bytes.ts'
import { aggregatorOf } from '../../../protocols/wire/election.ts'
import type { RoundEvent, Saying } from '../../rounds/events.ts'
import type { ContributionEntry, Head, RoundState } from '../../rounds/state.ts'
import { parentOf } from '../../rounds/views.ts'
import { describeWait } from '../../rounds/wait.ts'
import type { PeerContext } from '../context.ts'
import type { CheckedBase } from '../heads.ts'
import { remind } from '../reminder.ts'
import type { ContributionStatus, Wait } from '../types.ts'

/** Tells people and logs what a round does. */
export interface Reporter {
  /** @param changed the contributions that the event added or changed */
  report(changed: readonly ContributionEntry[], after: RoundState, event: RoundEvent): void
  said(saying: Saying, reason: string | null): void
  enteredView(state: RoundState, view: number, aggregator: Uint8Array): void
  advanced(state: RoundState, checked: CheckedBase): void
}

export function contributionStatus(head: Head, { contribution, state, reason }: ContributionEntry): ContributionStatus {
  return {
    id: String(contribution.id),
    author: toHex(contribution.author),
    checkpoint: String(contribution.checkpoint),
    task: contribution.signed.message.dataset.task,
    state,
    reason,
    staleness: parentOf(head, contribution.parent, contribution.round)?.staleness ?? 0,
  }
}

/** The wait in wall-clock time. */
export function waitOf(state: RoundState, { clock }: Pick<PeerContext, 'clock'>): Wait {
  const { since, until, ...wait } = describeWait(state)
  const toWall = (time: number) => Math.round(clock.wall() + time - clock.now())
  return { ...wait, sinceMs: toWall(since), untilMs: until === null ? null : toWall(until) }
}

export function createReporter(context: PeerContext): Reporter {
  const { events, log, clock } = context
  let lastWait = ''
  let lastStep = ''
  let newest: RoundState | null = null
  let cancelReminder = () => {}
  context.signal.addEventListener('abort', () => cancelReminder(), { once: true })

  /** A wait that begins is a line of the log; while it lasts, so are reminders. */
  function watchStep(state: RoundState, wait: Wait): void {
    newest = state
    const step = `${state.round}/${state.view}/${wait.what}`
    if (step === lastStep || context.signal.aborted) return
    lastStep = step
    log.info('waits', { round: state.round, view: state.view, ...wait })
    cancelReminder()
    cancelReminder = remind(clock, remindOfRound)
  }

  function remindOfRound(): void {
    if (newest === null) return
    const wait = waitOf(newest, context)
    const { what, have, need, missing, sinceMs, untilMs } = wait
    log.warn('still-waiting', { round: newest.round, view: newest.view, ...wait, elapsedMs: clock.wall() - sinceMs })
    const which = `of round ${newest.round}: ${have} of ${need}`
    events.emit({ type: 'still-waiting', what, which, whom: missing, sinceMs, untilMs, nextMs: null, reason: null })
  }

  function reportWait(state: RoundState): void {
    const wait = waitOf(state, context)
    watchStep(state, wait)
    const key = `${state.round}/${state.view}/${wait.what}/${wait.have}/${wait.missing.join()}`
    if (key === lastWait) return
    lastWait = key
    events.emit({ type: 'waiting', round: state.round, wait })
  }

  function reportContributions(changed: readonly ContributionEntry[], after: RoundState): void {
    for (const entry of changed) {
      const contribution = contributionStatus(after.head, entry)
      log.info('contribution', { round: after.round, ...contribution })
      events.emit({ type: 'contribution', round: after.round, contribution })
    }
  }

  function reportMessage(after: RoundState, event: Extract<RoundEvent, { type: 'received' }>): void {
    const { message } = event.signed
    const by = context.termsAt(message.round).nameOf(message.author)
    if (message.kind === 'list/1') {
      const contributions = message.contributions.map(String)
      log.info('listed', { round: after.round, by, seq: message.seq, contributions })
      events.emit({ type: 'listed', round: after.round, by, contributions })
    }
    if (message.kind === 'proposal/1') {
      const { round, view } = message
      log.info('proposed', { round, view, by, base: message.base, validView: message.validView })
      events.emit({ type: 'proposed', round, view, by, base: String(message.base) })
    }
    if (message.kind === 'prevote/1' || message.kind === 'precommit/1') {
      log.debug('vote', { kind: message.kind, round: message.round, view: message.view, by, base: message.base })
    }
  }

  return {
    report: (changed, after, event) => {
      reportContributions(changed, after)
      if (event.type === 'received') reportMessage(after, event)
      reportWait(after)
    },
    said: (saying, reason) => {
      if (saying.kind !== 'prevote/1' && saying.kind !== 'precommit/1') return
      const step = saying.kind === 'prevote/1' ? 'prevote' : 'precommit'
      const base = saying.base === null ? null : String(saying.base)
      log.info('voted', { round: saying.round, view: saying.view, step, base, reason })
      events.emit({ type: 'voted', round: saying.round, view: saying.view, step, base, reason })
    },
    enteredView: (state, view, aggregator) => {
      const name = state.network.nameOf(aggregator)
      log.info('view', { round: state.round, view, aggregator: name })
      events.emit({ type: 'view', round: state.round, view, aggregator: name })
    },
    advanced: (state, { head, view, opened }) => {
      if (head.round !== state.round) {
        log.info('synced', { round: head.round, base: head.base })
        events.emit({ type: 'synced', round: head.round, base: String(head.base) })
        return
      }
      const aggregator = state.network.nameOf(aggregatorOf(state.rank, view))
      const inputs = opened.inputs.map(({ id }) => String(id))
      log.info('fused', { round: head.round, base: head.base, view, aggregator, inputs })
      events.emit({ type: 'fused', round: head.round, base: String(head.base), view, aggregator, inputs })
      if (opened.rollback === null) return
      const to = String(opened.rollback.base)
      log.warn('rolled-back', { round: head.round, base: head.base, to })
      events.emit({ type: 'rolled-back', round: head.round, base: String(head.base), to })
    },
  }
}
