import { LIARS, type Liar } from './liars.ts'
import { createRandom, type Random } from './random.ts'
import { CALM, createSimulation, type Link, type Simulation, type SimulationOptions } from './simulation.ts'

/** How one random schedule ended. */
export interface Outcome {
  readonly seed: number
  readonly simulation: Simulation
  readonly liar: string
  readonly violations: readonly string[]
  /** Every honest host decided, in time, after the healing. */
  readonly isDecided: boolean
  readonly healedAtMs: number
  readonly viewAtHealing: number
  readonly viewAtEnd: number
}

const VIEW_TIMEOUT_MS = 1000
/** Views that may be lost after the healing: some in which members are apart, f to the liar, and one to decide in. */
const VIEWS_TO_DECIDE = 6
const MAX_COLLECT_MS = 20_000

/**
 * `chaos`: everything that can go wrong, at random. `hunt`: an attacker on the wire who only holds back precommits, so that
 * views pass while votes that make a certificate are on their way: where a missing rule shows soonest.
 */
export type Profile = 'chaos' | 'hunt'

export interface ScheduleOptions extends Pick<SimulationOptions, 'members' | 'quorum' | 'machine' | 'facts'> {
  /** How the liars lie: one of `LIARS` at random by default; null for a schedule in which nobody lies. */
  readonly liar?: Liar | null
  /** How many lie: by default as many as the committee bears. */
  readonly liars?: number
  readonly profile?: Profile
}

/**
 * A schedule of chaos and then of peace: messages are late, lost, doubled and out of order, members die at random moments
 * and at random writes to their journals, the network splits, members lie; then everything heals but the liars.
 */
export function runSchedule(seed: number, options: ScheduleOptions = {}): Outcome {
  const random = createRandom(seed * 7919 + 13)
  const { members = 4, quorum = 'byzantine' } = options
  const liar = options.liar === undefined && quorum === 'byzantine' ? random.pick(LIARS) : (options.liar ?? null)
  const isHunt = options.profile === 'hunt'
  const minContributions = random.integer(1, 2)
  const settings: SimulationOptions = {
    ...(options.machine ? { machine: options.machine } : {}),
    ...(options.facts ? { facts: options.facts } : {}),
    seed,
    members,
    quorum,
    round: {
      minContributions,
      viewTimeoutMs: VIEW_TIMEOUT_MS,
      maxViews: random.integer(2, 6),
      graceMs: random.integer(0, 500),
    },
    syncMs: 1500,
  }
  const bearable = Math.floor((members - 1) / 3)
  const liars = liar ? pickLiars().slice(0, options.liars ?? bearable) : []
  const simulation = createSimulation({
    ...settings,
    liars: liar ? Object.fromEntries(liars.map((index) => [index, liar])) : {},
  })
  const chaosMs = random.integer(2000, 25_000)
  simulation.link = isHunt ? HELD_BACK : randomLink(random)
  simulation.isSyncing = !isHunt && random.chance(0.5)
  const honest = simulation.hosts.filter((host) => host.liar === null)

  simulation.start()
  for (let i = 0; i < minContributions; i++) simulation.contribute(`good-${i}`)
  offerOddities()
  if (!isHunt) {
    planCrashes()
    planSplits()
  }
  simulation.run(chaosMs)

  simulation.link = CALM
  simulation.isSyncing = true
  simulation.heal()
  for (const host of honest) {
    host.crashPlan = null
    host.restart()
  }
  const viewAtHealing = highestView()
  const isDecided = simulation.run(boundMs(viewAtHealing), () => simulation.isDecided())
  return {
    seed,
    simulation,
    liar: liar?.name ?? 'none',
    violations: simulation.violations,
    isDecided,
    healedAtMs: chaosMs,
    viewAtHealing,
    viewAtEnd: highestView(),
  }

  /** In a hunt it is the liar's turn when the first view failed. */
  function pickLiars(): readonly number[] {
    const shuffled = random.shuffle(Array.from({ length: members }, (_, i) => i))
    if (!isHunt) return shuffled
    const next = createSimulation(settings).aggregator(1)
    return [next, ...shuffled.filter((index) => index !== next)]
  }

  function offerOddities(): void {
    if (random.chance(0.5)) {
      const only = random.integer(0, members - 1)
      simulation.contribute('for one', { servedTo: (index) => index === only })
    }
    if (random.chance(0.5)) simulation.contribute('never', { servedTo: () => false })
    if (random.chance(0.3)) simulation.contribute('broken', { defect: 'not-finite' })
    if (random.chance(0.3)) simulation.contribute('whispered', { announcedTo: [random.integer(0, members - 1)] })
    if (random.chance(0.5)) simulation.after(random.integer(0, chaosMs), () => simulation.contribute('late'))
  }

  function planCrashes(): void {
    for (const host of honest) {
      if (random.chance(0.3)) {
        const stage = random.pick(['before-journal', 'after-journal'] as const)
        host.crashPlan = { step: random.integer(0, 6), stage, downMs: random.integer(10, 6000) }
      }
    }
    for (let i = random.integer(0, 4); i > 0; i--) {
      const host = random.pick(honest)
      const downMs = random.integer(10, 6000)
      simulation.after(random.integer(0, chaosMs), () => {
        host.crash()
        simulation.after(downMs, () => host.restart())
      })
    }
    if (random.chance(0.1)) {
      simulation.after(random.integer(0, chaosMs), () => {
        for (const host of honest) host.crash() // a power cut
        simulation.after(1000, () => {
          for (const host of honest) host.restart()
        })
      })
    }
  }

  function planSplits(): void {
    for (let i = random.integer(0, 4); i > 0; i--) {
      const indexes = random.shuffle(simulation.hosts.map((host) => host.index))
      const at = random.integer(1, members - 1)
      simulation.after(random.integer(0, chaosMs), () => {
        simulation.partition(indexes.slice(0, at), indexes.slice(at))
        simulation.after(random.integer(500, 8000), () => simulation.heal())
      })
    }
  }

  function highestView(): number {
    return Math.max(...honest.map((host) => host.state.view))
  }

  function boundMs(view: number): number {
    const first = Math.max(0, view)
    let boundMs = MAX_COLLECT_MS
    for (let i = 0; i < VIEWS_TO_DECIDE; i++) boundMs += 3 * VIEW_TIMEOUT_MS * (first + i + 1)
    return boundMs
  }
}

const HELD_BACK: Link = { minMs: 1, maxMs: 50, drop: 0, duplicate: 0, late: { 'precommit/1': 0.5 } }

function randomLink(random: Random): Link {
  return {
    minMs: 1,
    maxMs: random.pick([50, 500, 3000]),
    drop: random.pick([0, 0.1, 0.3, 0.5]),
    duplicate: random.pick([0, 0.2]),
    late: random.pick([
      {},
      { 'precommit/1': 0.8 },
      { 'prevote/1': 0.5, 'precommit/1': 0.8 },
      { 'proposal/1': 0.5, 'prevote/1': 0.3 },
      { 'list/1': 0.5, 'prevote/1': 0.5, 'precommit/1': 0.5 },
    ]),
  }
}
