import { createRandom } from '../../support/rounds/random.ts'
import { createSimulation, type Simulation } from '../create-simulation.ts'
import { QUICK } from '../host.ts'
import { judgeRun } from '../properties/all.ts'
import type { Violation } from '../properties/names.ts'
import type { Peace } from '../properties/property.ts'
import { CALM } from '../wires.ts'
import { planAmendments } from './amendments.ts'
import { planTrouble } from './chaos.ts'
import { offerRound } from './offers.ts'
import { offerAgain } from './rollbacks.ts'
import { type ScheduleOptions, type Settings, settingsOf, VIEW_TIMEOUT_MS } from './settings.ts'

/** How one schedule ended. */
export interface Outcome {
  readonly settings: Settings
  readonly simulation: Simulation
  readonly violations: readonly Violation[]
  /** Certified rounds, and those of them that began in peace. */
  readonly rounds: number
  /** Virtual time. */
  readonly lastedMs: number
}

const SYNC_MS = 1500
const MAX_COLLECT_MS = 20_000
/** More than all quiet steps of a round take, fetching again included: what L4 allows besides timeouts. */
const SETTLE_MS = 2500

/**
 * Trouble and then peace. Trouble is what the settings say; in peace everything heals but the liars and those that are down
 * for good. Then the run is judged.
 */
export function runSchedule(seed: number, options: ScheduleOptions = {}): Outcome {
  const { settings, random } = settingsOf(seed, options)
  const own = createRandom(seed * 104_729 + 13)
  const { members, quorum, rounds, chaosMs, profile } = settings
  const simulation: Simulation = createSimulation({
    seed,
    members,
    quorum,
    rounds,
    observers: settings.observers,
    round: settings.policy,
    liars: settings.liars,
    syncMs: SYNC_MS,
    isTraced: options.isTraced === true,
    ...(options.machine ? { machine: options.machine } : {}),
    ...(settings.isAmended ? { onBegun: planAmendments(() => simulation, settings, random) } : {}),
    onRound: (round, host) => {
      offerRound(simulation, settings, random, round, host)
      if (settings.isRolledBack) offerAgain(simulation, own, round, host)
    },
  })
  planTrouble(simulation, settings, random)
  const { hosts } = simulation
  const isDown = (index: number) => settings.down.includes(index)
  simulation.start()
  if (profile === 'calm') for (const index of settings.down) hosts[index]?.end()
  simulation.run(chaosMs)

  simulation.trace.note(null, () => 'peace')
  simulation.wires.link = CALM
  simulation.isSyncing = true
  simulation.wires.heal()
  for (const host of hosts) {
    host.crashPlan = null
    host.pace = QUICK
    if (isDown(host.index)) host.end()
    else host.restart()
  }
  const living = hosts.filter(({ liar, index }) => !liar && !isDown(index))
  const round = Math.max(...living.map(({ state }) => state.round))
  const view = Math.max(...living.filter(({ state }) => state.round === round).map(({ state }) => state.view))
  const sinceMs = simulation.now
  const isDone = () => living.every(({ chain, isUp }) => isUp && chain.length >= rounds)
  const isDecided = simulation.run(boundMs(settings, view), isDone)
  const peace: Peace = {
    sinceMs,
    round,
    view,
    down: new Set(settings.down),
    isDecided,
    wasSplit: profile === 'split',
    settleMs: SETTLE_MS,
  }
  return {
    settings,
    simulation,
    violations: judgeRun(simulation.asRun(peace)),
    rounds: Math.max(...living.map(({ chain }) => chain.length)),
    lastedMs: simulation.now,
  }
}

/** Long enough for every round to take more views than it may. */
function boundMs({ members, rounds }: Settings, view: number): number {
  const views = Math.max(0, view) + 2 * members + 8
  const perRound = MAX_COLLECT_MS + (3 * VIEW_TIMEOUT_MS * (views * (views + 1))) / 2
  return rounds * perRound
}
