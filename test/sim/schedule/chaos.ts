import type { Random } from '../../support/rounds/random.ts'
import type { Simulation } from '../create-simulation.ts'
import { CRASH_STAGES, type CrashPlan, type Host, QUICK } from '../host.ts'
import type { Link } from '../wires.ts'
import type { Settings } from './settings.ts'

const HELD_BACK: Link = { minMs: 1, maxMs: 50, drop: 0, duplicate: 0, late: { 'precommit/1': 0.5 } }

/** Sets up what goes wrong until peace. */
export function planTrouble(simulation: Simulation, settings: Settings, random: Random): void {
  const honest = simulation.hosts.filter(({ liar }) => !liar)
  if (settings.profile === 'calm') return
  if (settings.profile === 'hunt') {
    simulation.wires.link = HELD_BACK
    simulation.isSyncing = false
    if (random.chance(0.5)) for (const host of honest) if (random.chance(0.4)) host.crashPlan = quickCrash(random)
    return
  }
  simulation.wires.link = randomLink(random)
  simulation.isSyncing = random.chance(0.5)
  slowSome(honest, random)
  if (settings.profile === 'split') {
    splitForGood(simulation, settings, random)
    return
  }
  planLinks(simulation, settings, random)
  planCrashes(simulation, settings, random, honest)
  planSplits(simulation, settings, random)
}

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

/** Slow disks, slow fusion, slow answers. */
function slowSome(honest: readonly Host[], random: Random): void {
  for (const host of honest) {
    if (!random.chance(0.2)) continue
    host.pace = random.pick([
      { ...QUICK, fsyncMs: random.integer(20, 800) },
      { ...QUICK, buildMs: random.integer(500, 6000) },
      { ...QUICK, answerMs: random.integer(500, 5000) },
      { ...QUICK, adoptMs: random.integer(500, 5000) },
    ])
  }
}

/** Links that differ from the others, and links that work one way only. */
function planLinks(simulation: Simulation, { members, chaosMs }: Settings, random: Random): void {
  if (random.chance(0.3)) {
    for (let i = random.integer(1, members); i > 0; i--) {
      const [from, to] = [random.integer(0, members - 1), random.integer(0, members - 1)]
      simulation.wires.set(from, to, randomLink(random))
    }
  }
  if (!random.chance(0.3)) return
  const atMs = random.integer(0, chaosMs)
  for (let i = random.integer(1, members); i > 0; i--) {
    const [from, to] = [random.integer(0, members - 1), random.integer(0, members - 1)]
    simulation.after(atMs, () => {
      simulation.trace.note(null, () => `h${from} no longer reaches h${to}`)
      simulation.wires.block(from, to)
    })
  }
}

/** Back before the view is over, so that it goes on in it. */
function quickCrash(random: Random): CrashPlan {
  return {
    step: random.integer(0, 10),
    stage: random.pick(CRASH_STAGES),
    downMs: random.integer(10, 300),
    isPowerCut: random.chance(0.5),
  }
}

/** Dies with something written and not durable, which its next life may read and repeat; that one loses power. */
function killedThenCut(random: Random): CrashPlan {
  const cut = { ...quickCrash(random), step: random.integer(0, 1), stage: 'before-journal', isPowerCut: true } as const
  return { ...quickCrash(random), step: random.integer(0, 6), stage: 'written', isPowerCut: false, next: cut }
}

function planCrashes(simulation: Simulation, { chaosMs }: Settings, random: Random, honest: readonly Host[]): void {
  for (const host of honest) {
    if (!random.chance(0.3)) continue
    const plan = {
      step: random.integer(0, 6),
      stage: random.pick(CRASH_STAGES),
      downMs: random.integer(10, 6000),
      isPowerCut: random.chance(0.5),
    }
    const how = random.next()
    host.crashPlan = how < 0.3 ? { ...plan, every: random.integer(1, 3) } : how < 0.6 ? killedThenCut(random) : plan
  }
  for (let i = random.integer(0, 4); i > 0 && honest.length > 0; i--) {
    const host = random.pick(honest)
    const downMs = random.integer(10, 6000)
    const isPowerCut = random.chance(0.5)
    simulation.after(random.integer(0, chaosMs), () => {
      host.crash(isPowerCut)
      simulation.after(downMs, () => host.restart())
    })
  }
  if (random.chance(0.1)) {
    simulation.after(random.integer(0, chaosMs), () => {
      for (const host of honest) host.crash(true)
      simulation.after(1000, () => {
        for (const host of honest) host.restart()
      })
    })
  }
}

function planSplits(simulation: Simulation, { members, chaosMs }: Settings, random: Random): void {
  for (let i = random.integer(0, 4); i > 0 && members > 1; i--) {
    const groups = randomGroups(simulation, random)
    simulation.after(random.integer(0, chaosMs), () => {
      simulation.trace.note(null, () => `splits into ${groups.map((group) => `[${group.join(' ')}]`).join(' ')}`)
      simulation.wires.partition(...groups)
      simulation.after(random.integer(500, 8000), () => {
        simulation.trace.note(null, () => 'heals')
        simulation.wires.heal()
      })
    })
  }
}

function randomGroups({ hosts }: Simulation, random: Random): readonly (readonly number[])[] {
  const count = random.pick([2, 2, 2, 3])
  const groups: number[][] = Array.from({ length: count }, () => [])
  for (const { index } of hosts) groups[random.integer(0, count - 1)]?.push(index)
  return groups
}

/** Groups so small that none is a quorum. */
function splitForGood(simulation: Simulation, { members }: Settings, random: Random): void {
  const largest = simulation.facts.quorum - 1
  const indexes = random.shuffle(Array.from({ length: members }, (_, i) => i))
  const groups: (readonly number[])[] = []
  for (let at = 0; at < members; ) {
    const size = random.integer(Math.min(1, largest), Math.max(1, largest))
    groups.push(indexes.slice(at, at + size))
    at += size
  }
  simulation.wires.partition(...groups)
}
