import type { RoundEffect, RoundEvent } from '../../src/rounds/events.ts'
import type { Host, Untimed } from './host.ts'
import type { Ledger } from './ledger.ts'
import type { Testimony } from './testimony.ts'
import { nameOf } from './trace.ts'
import type { Transfers } from './transfers.ts'
import type { Voice } from './voice.ts'
import type { World } from './world.ts'

/** Does what one host's machine wants done. */
export function createEffects(options: {
  readonly world: World
  readonly host: Host
  /** Later, unless the host died or moved on meanwhile. */
  readonly later: (delayMs: number, action: () => void) => void
  readonly dispatch: (event: Untimed<RoundEvent>) => void
  readonly voice: Voice
  readonly transfers: Transfers
  readonly ledger: Ledger
  readonly testimony: Testimony
}): (effect: RoundEffect) => void {
  const { world, host, later, dispatch, voice, transfers, ledger, testimony } = options
  const { index, liar } = host
  const { agenda, machine, record, trace } = world

  return (effect) => {
    switch (effect.type) {
      case 'say':
        if (!liar && effect.saying.kind === 'list/1' && effect.saying.seq === 0) testimony.noteHeld()
        voice.say(effect)
        return
      case 'timer':
        later(effect.delayMs, () => {
          trace.note(index, () => `timer ${effect.name}`)
          dispatch({ type: 'timer', name: effect.name })
        })
        return
      case 'fetch-checkpoint':
        transfers.checkpoint(effect.contribution.id, effect.from)
        return
      case 'fetch-contributions':
        transfers.contributions(effect.ids, effect.from)
        return
      case 'fetch-lineage':
        transfers.lineage(effect.cid, effect.from)
        return
      case 'build':
        later(host.pace.buildMs, () => {
          const built = ledger.keep(machine.build(host.state.network, effect.spec))
          dispatch({ type: 'built', key: effect.key, base: built.base, lineage: built.lineage })
        })
        return
      case 'judge-gate':
        later(host.pace.buildMs, () => {
          const judged = world.gate?.(index, effect.spec) ?? null
          dispatch({ type: 'gate-judged', base: effect.base, reason: judged?.reason ?? null })
          for (const { id } of judged?.blamed ?? []) {
            testimony.blame(id)
            dispatch({ type: 'gate-blamed', id })
          }
        })
        return
      case 'decided':
        trace.note(index, () => `decided r${host.state.round} v${effect.view} ${String(effect.base).slice(-6)}`)
        ledger.adopt(effect.base, effect.certificate)
        return
      case 'evidence':
        trace.note(index, () => `evidence: ${nameOf(effect.first)} and ${nameOf(effect.second)}`)
        if (machine.habits.reportsEvidence) record.accusations.push({ atMs: agenda.now, host: index, evidence: effect })
        return
      case 'entered-view':
        trace.note(
          index,
          () => `view ${effect.view} of r${host.state.round}, ${world.hostOf(effect.aggregator)?.index} proposes`,
        )
        record.views.push({ atMs: agenda.now, host: index, round: host.state.round, view: effect.view })
        return
    }
  }
}
