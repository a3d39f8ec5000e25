import type { Random } from '../../support/rounds/random.ts'
import type { Simulation } from '../create-simulation.ts'
import type { Host } from '../host.ts'
import type { Settings } from './settings.ts'

/** Contributors of a round: enough good ones, and others that withhold, copy, replay, come late or are whispered. */
export function offerRound(
  simulation: Simulation,
  settings: Settings,
  random: Random,
  round: number,
  host: Host,
): void {
  const { head } = host.disk
  const fields = { round, parent: head.base }
  const { minContributions = 1 } = settings.policy
  const name = (what: string) => `${what} of round ${round}`
  const count = settings.members
  const offer = (what: string, options: Parameters<Simulation['contribute']>[1] = {}) =>
    simulation.contribute(name(what), { ...options, fields: { ...fields, ...options?.fields } })

  const first = offer('good-0')
  for (let i = 1; i < minContributions + random.integer(0, 1); i++) offer(`good-${i}`)
  if (random.chance(0.15)) {
    const only = random.integer(0, count - 1)
    offer('for one', { servedTo: (index) => index === only })
  }
  if (random.chance(0.15)) offer('never', { servedTo: () => false })
  if (random.chance(0.1)) offer('broken', { defect: 'not-finite' })
  if (random.chance(0.1)) offer('whispered', { announcedTo: [random.integer(0, count - 1)] })
  // Bytes that come when the window is about to end, or much later.
  if (random.chance(0.15)) {
    const fromMs = simulation.now + random.pick([990, 999, 1001, random.integer(0, 6000)])
    offer('withheld', { servedTo: () => simulation.now >= fromMs })
  }
  if (random.chance(0.1)) offer('copied', { fields: { checkpoint: first.message.checkpoint } })
  if (random.chance(0.1)) simulation.contribute(name('good-0'), { fields: { ...fields, metrics: OTHER_METRICS } })
  if (random.chance(0.07)) offer('unchanged', { fields: { checkpoint: head.weights } })
  const [replayed] = head.inputs
  if (replayed && random.chance(0.3)) offer('replayed', { fields: { checkpoint: replayed } })
  if (random.chance(0.05)) simulation.contribute(name('astray'), { fields: { round: round + 1, parent: head.base } })
  if (random.chance(0.25)) simulation.after(random.integer(0, 8000), () => offer('late'))
}

const OTHER_METRICS = { name: 'accuracy', before: 1, after: 2 }
