import type { GateJudgement, JoinEvent, PeerEvent } from 'coldmesh'
import { changeLines } from './amendments.ts'
import { short, show } from './escape.ts'
import { contradictionLine } from './evidence.ts'
import { mismatchLine } from './mismatch.ts'
import { describePlan } from './plan.ts'
import { describeReading } from './reading.ts'
import { splitLine } from './split.ts'
import { percent, percentSpread } from './spread.ts'
import { describeWeights, megabytes } from './store.ts'
import { describeCatchUp, describePending, describeWait, duration } from './wait.ts'

/** How many lines one training prints at most, and the reading of a file before it. */
const TRAINING_LINES = 4
const READING_LINES = 10

/** Turns events into lines. It remembers what it said, so that a repeated wait or every training step is not a line. */
export type EventWriter = (event: PeerEvent | JoinEvent) => string | null

export function createEventWriter(): EventWriter {
  let lastWait = ''
  let lastQuarter = -1
  let lastRead = 0
  return (event) => {
    if (event.type === 'waiting') {
      const { what, have, need, missing } = event.wait
      const wait = JSON.stringify([event.round, what, have, need, missing])
      if (wait === lastWait) return null
      lastWait = wait
    }
    if (event.type === 'reading') {
      const tenth = event.totalBytes === null ? 0 : Math.floor((event.bytes / event.totalBytes) * READING_LINES)
      if (tenth === lastRead) return null
      lastRead = tenth
    }
    if (event.type === 'training') {
      const quarter = Math.floor((event.step / event.steps) * TRAINING_LINES)
      if (quarter === lastQuarter) return null
      lastQuarter = quarter
    }
    return describeEvent(event)
  }
}

/** One event in words; null for kinds that this version does not know. */
export function describeEvent(event: PeerEvent | JoinEvent): string | null {
  switch (event.type) {
    case 'peer':
      return `peer ${short(event.peer)} ${event.connected ? 'connected' : 'left'}; ${event.peers} now`
    case 'catching-up':
      return describeCatchUp(event)
    case 'synced':
      return `round ${event.round}: in step with the network, base ${short(event.base)}`
    case 'waiting':
      return `round ${event.round}: waits for ${describeWait(event.wait)}`
    case 'engine': {
      const others = event.passedOver.map(({ engine, reason }) => `; not with ${show(engine)}: ${show(reason)}`)
      return `round ${event.round}: trains with ${show(event.engine)} on ${show(event.device)}${others.join('')}`
    }
    case 'dataset':
      return `round ${event.round}: ${describeData(event)}`
    case 'plan':
      return `round ${event.round}: ${describePlan(event)}`
    case 'reading':
      return `round ${event.round}: ${describeReading(event)}`
    case 'training':
      return (
        `round ${event.round}: trains ${show(event.task)}, step ${event.step} of ${event.steps}, ` +
        `loss ${event.loss.toFixed(3)}, ${Math.round(event.tokensPerSecond).toLocaleString('en')} tokens/s` +
        (event.secondsLeft > 0 ? `, about ${duration(1_000 * event.secondsLeft)} left` : '')
      )
    case 'resumed':
      return `round ${event.round}: resumes training at step ${event.step} of ${event.steps} (${show(event.task)})`
    case 'trained': {
      const before = event.before === null ? '' : ` from ${percent(event.before)}`
      const memory = event.peakMemoryBytes === null ? '' : `; ${megabytes(event.peakMemoryBytes)} of memory at most`
      return (
        `round ${event.round}: trained ${show(event.task)} for ${event.steps} steps in ${event.seconds.toFixed(1)} s, ` +
        `held-out ${event.metric}${before === '' ? '' : before} ${before === '' ? '' : 'to '}${percent(event.after)}${memory}`
      )
    }
    case 'announced':
      return `round ${event.round}: announced contribution ${short(event.id)}${lateBy(event.staleness)}`
    case 'contribution': {
      const { id, task, author, state, reason } = event.contribution
      const why = reason === null ? '' : `: ${show(reason)}`
      return `round ${event.round}: contribution ${short(id)} (${show(task)}, by ${short(author)}) ${state}${why}`
    }
    case 'listed':
      return `round ${event.round}: ${name(event.by)} holds ${event.contributions.length} contributions`
    case 'proposed':
      return `round ${event.round}: ${name(event.by)} proposes base ${short(event.base)} (view ${event.view})`
    case 'voted': {
      const what = event.base === null ? `against${event.reason === null ? '' : `: ${show(event.reason)}`}` : 'for'
      return `round ${event.round}: ${event.step} ${what}${event.base === null ? '' : ` base ${short(event.base)}`}`
    }
    case 'view':
      return `round ${event.round}: view ${event.view}, aggregator ${name(event.aggregator)}`
    case 'fused':
      return `round ${event.round}: certified base ${show(event.base)} from ${event.inputs.length} contributions`
    case 'rolled-back':
      return `round ${event.round}: went back to the weights of the base ${show(event.to)}`
    case 'refused':
      return `refused ${show(event.what)}${event.author === null ? '' : ` by ${short(event.author)}`}: ${show(event.reason)}`
    case 'gate':
      return `round ${event.round}: ${describeGate(event)}`
    case 'muted':
      return `signs nothing: ${show(event.reason)}`
    case 'approved':
      return `${name(event.by)} approves amendment ${short(event.amendment.id)}: ${changeLines(event.amendment.change).join('; ')}; ${event.amendment.approvedBy.length} of ${event.amendment.need}`
    case 'trouble':
      return `trouble with the ${show(event.what)}: ${show(event.reason)}${event.hint === null ? '' : ` ${show(event.hint)}`}`
    case 'trouble-over':
      return `the ${show(event.what)} works again`
    case 'repaired':
      return `repaired block ${short(event.cid)} of ${show(event.place)}`
    case 'still-waiting':
      return `still waits for ${describePending(event)}`
    case 'wait-over':
      return `waits no more for ${show(event.what)} (${show(event.which, { maxLength: 100 })})`
    case 'dropped':
      return `dropped weights that are kept no longer: ${describeWeights(event)}`
    case 'backfilled':
      return `fetched weights to keep: ${describeWeights(event)}`
    case 'evidence':
      return contradictionLine(event)
    case 'mismatch':
      return mismatchLine(event)
    case 'split':
      return splitLine(event)
    case 'report': {
      const { task, mode, value, standardError, seeds, author, round } = event.report
      return `round ${round}: ${short(author)} reports ${show(task)}, ${mode}: ${percentSpread(value, standardError, seeds.length)}`
    }
    case 'postponed':
      return `round ${event.round}: contribution ${short(event.id)} is not part of the base: ${show(event.reason)}; it counts in the next round`
    case 'outcome':
      return event.included
        ? `round ${event.round}: contribution ${short(event.id)} is part of base ${show(event.base)}`
        : `round ${event.round}: contribution ${short(event.id)} is not part of the base: ${show(event.reason ?? 'no reason given')}`
    default:
      return null
  }
}

/** An event as a line of JSON streams: its kind is `event`. */
export function eventRecord({ type, ...fields }: PeerEvent | JoinEvent): object {
  return { event: type, ...fields }
}

/** A judgement by a member's own data, without its round. */
export function describeGate({ base, metric, before, after, reason }: GateJudgement): string {
  const scores = `${metric} ${percent(before)} before, ${percent(after)} with base ${short(base)}`
  return `the gate ${reason === null ? 'lets pass' : 'refuses'}: ${scores}`
}

/** `, 2 rounds late`; nothing for what is not late. */
export function lateBy(staleness: number | null): string {
  if (staleness === null || staleness === 0) return ''
  return `, ${staleness} round${staleness === 1 ? '' : 's'} late`
}

function name(text: string): string {
  return text.length > 24 ? short(text) : show(text)
}

function describeData({ task, rows, labels, truncated, maxTokens }: Extract<PeerEvent, { type: 'dataset' }>): string {
  const name = (label: string) => show(label, { maxLength: 32 })
  const shares =
    labels === null
      ? ''
      : `, ${percent(labels.share)} of them ${name(labels.commonest)}, ${labels.rarestRows} ${name(labels.rarest)}`
  const cut = truncated === null ? '' : `; about ${percent(truncated)} are longer than ${maxTokens} tokens and are cut`
  return `${show(task)} has ${rows.toLocaleString('en')} rows${shares}${cut}`
}
