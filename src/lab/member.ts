import type { CID } from 'multiformats/cid'
import type { Contribution } from '../../protocols/contribution/messages.ts'
import { CONTRIBUTION_MESSAGES, VOTE_MESSAGES } from '../../protocols/registry.ts'
import type { RoundMessage } from '../../protocols/round/rules.ts'
import { isSigned, openEnvelope } from '../../protocols/wire/envelope.ts'
import { memoryJournal } from '../adapters/memory/journal.ts'
import { createSpeaker } from '../peer/speaker.ts'
import { isColdmeshError } from '../ports/errors.ts'
import type { Signer } from '../ports/system.ts'
import type { RoundEffect, RoundEvent } from '../rounds/events.ts'
import type { Network } from '../rounds/network.ts'
import { createRound, reduce } from '../rounds/reduce.ts'
import type { Head, RoundState } from '../rounds/state.ts'
import { asRoundMessage, judge } from '../rounds/views.ts'
import type { Agenda } from './agenda.ts'
import type { Workshop } from './workshop.ts'

const WRITE_MS = 2
const FETCH_MS = 20
const BUILD_MS = 50

export interface Decision {
  readonly base: CID
  readonly view: number
  readonly certificate: Uint8Array
}

/** A member of the committee around the pure machine: its key, its timers, and the work that it asks for. */
export interface Member {
  readonly state: RoundState
  /** Null until this member has seen a quorum of precommits. */
  readonly decision: Decision | null
  start(): void
  receive(envelope: Uint8Array): void
}

type Untimed<E> = E extends unknown ? Omit<E, 'now'> : never

export function createMember(options: {
  readonly network: Network
  readonly head: Head
  readonly signer: Signer
  readonly agenda: Agenda
  readonly workshop: Workshop
  /** To all other members. */
  readonly broadcast: (envelope: Uint8Array) => void
  /** What another member holds. */
  readonly envelopeOf: (id: CID, from: Uint8Array) => Uint8Array | null
}): Member {
  const { network, head, signer, agenda, workshop, broadcast, envelopeOf } = options
  const speaker = createSpeaker({ network: network.id, signer, journal: memoryJournal() })
  let state = createRound({ head, self: signer.key, now: agenda.now })
  let decision: Decision | null = null

  function dispatch(event: Untimed<RoundEvent>): void {
    const step = reduce(state, { ...event, now: agenda.now })
    state = step.state
    for (const effect of step.effects) run(effect)
  }

  function receive(envelope: Uint8Array): void {
    const signed = openEnvelope<Contribution | RoundMessage>(
      envelope,
      [...CONTRIBUTION_MESSAGES, ...VOTE_MESSAGES],
      network.id,
    )
    if (isSigned(signed) && judge(state, signed).verdict === 'accept') dispatch({ type: 'received', signed })
  }

  function run(effect: RoundEffect): void {
    switch (effect.type) {
      case 'say':
        agenda.after(WRITE_MS, async () => {
          const signed = asRoundMessage(await speaker.say(effect.saying, effect.proof))
          dispatch({ type: 'received', signed })
          broadcast(signed.envelope)
        })
        return
      case 'timer':
        agenda.after(effect.delayMs, () => dispatch({ type: 'timer', name: effect.name }))
        return
      case 'fetch-checkpoint':
        agenda.after(FETCH_MS, async () => {
          const reason = await workshop.validate(effect.contribution)
          dispatch({ type: 'checkpoint', id: effect.contribution.id, reason })
        })
        return
      case 'fetch-contributions':
        agenda.after(FETCH_MS, () => {
          for (const id of effect.ids) {
            const envelope = envelopeOf(id, effect.from)
            if (envelope !== null) receive(envelope)
          }
        })
        return
      case 'fetch-lineage':
        agenda.after(FETCH_MS, async () => {
          dispatch({ type: 'lineage', cid: effect.cid, bytes: await workshop.lineage(effect.cid) })
        })
        return
      case 'build':
        agenda.after(BUILD_MS, () => build(effect))
        return
      case 'judge-gate':
        // Nobody has data of its own here: votes go by the bytes.
        agenda.after(WRITE_MS, () => dispatch({ type: 'gate-judged', base: effect.base, reason: null }))
        return
      case 'decided':
        decision = { base: effect.base, view: effect.view, certificate: effect.certificate }
        return
      case 'evidence':
        throw new Error('a member of the lab contradicted itself')
      case 'entered-view':
        return
    }
  }

  async function build({ key, spec }: Extract<RoundEffect, { type: 'build' }>): Promise<void> {
    try {
      const { base, lineage } = await workshop.build(key, spec)
      dispatch({ type: 'built', key, base, lineage })
    } catch (error) {
      if (!isColdmeshError(error)) throw error
      dispatch({ type: 'build-failed', key, reason: error.code })
    }
  }

  return {
    get state() {
      return state
    },
    get decision() {
      return decision
    },
    start: () => dispatch({ type: 'started' }),
    receive,
  }
}
