import { parseArgs } from 'node:util'
import { SINGLE_PHASE, WITHOUT_LOCK } from '../mutants/voting.ts'
import { tryEnds } from './ends.ts'
import { explore } from './explore.ts'
import { createStage, type StageOptions } from './stage.ts'
import { describeTrace, replay } from './trace.ts'
import { createUniverse } from './universe.ts'
import { findStrays } from './walk.ts'

const HELP = `Explores every state that four members, one of them a liar, can reach in two views.

  --liar N     place of the liar in the rank: 0, 1, 2 or 3; all but 3 (which is like 2) by default
  --every N    fair continuations from every N-th end, 1 by default; 0 for none
  --walks N    random walks of members that remember everything, 500 by default
  --broken     machines with a rule missing in place of the real one: prints the shortest way to a fork`

const BROKEN: Readonly<Record<string, StageOptions>> = {
  'without the lock': { machine: WITHOUT_LOCK },
  'one phase of votes': { machine: SINGLE_PHASE },
  'a quorum of two': { quorum: 2 },
}

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', default: false },
    liar: { type: 'string', multiple: true, default: ['0', '1', '2'] },
    every: { type: 'string', default: '1' },
    walks: { type: 'string', default: '500' },
    broken: { type: 'boolean', default: false },
  },
})

if (values.help) console.log(HELP)
else {
  const areGood = values.liar.map(Number).map((liar) => (values.broken ? showForks(liar) : check(liar)))
  if (areGood.includes(false)) process.exitCode = 1
}

function check(liar: number): boolean {
  const startedAt = process.cpuUsage()
  const say = (text: string) => console.log(`liar ${liar}: ${text} (${secondsSince(startedAt)} s of CPU so far)`)
  const exploration = explore(createUniverse(createStage(), liar))
  const { states, transitions, automata, violation } = exploration
  const sizes = automata.map((automaton) => automaton.states.length).join(', ')
  say(`${states} states, ${transitions} transitions; members alone have ${sizes} states`)
  if (violation) {
    console.log(describeTrace(violation))
    return false
  }
  const walks = Number(values.walks)
  const strays = findStrays(exploration, walks)
  say(`${walks} walks of members that remember everything: ${strays.length} left what was explored`)
  if (Number(values.every) === 0) return strays.length === 0
  const { ends, distinct, tried, byView, deadEnds } = tryEnds(exploration, Number(values.every))
  const views = [...byView].sort().map(([view, count]) => `${count} in view ${view}`)
  say(
    `${ends} ends, ${distinct} that differ, ${tried} tried: decided ${views.join(', ')}; ${deadEnds.length} dead ends`,
  )
  return strays.length + deadEnds.length === 0
}

function showForks(liar: number): boolean {
  return Object.entries(BROKEN).every(([name, options]) => {
    const startedAt = process.cpuUsage()
    const universe = createUniverse(createStage(options), liar)
    const { violation, states } = explore(universe)
    console.log(`\nliar ${liar}, ${name}: ${states} states, ${secondsSince(startedAt)} s of CPU`)
    if (!violation) return false
    console.log(describeTrace(violation))
    const certified = replay(universe, violation)
    console.log(`replayed by members that remember everything: certificates of ${[...certified].join(' and ')}`)
    return certified.size > 1
  })
}

function secondsSince(start: NodeJS.CpuUsage): string {
  const { user, system } = process.cpuUsage(start)
  return ((user + system) / 1e6).toFixed(1)
}
