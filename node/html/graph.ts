import { type Html, html, join } from '../lab/html.ts'
import { show } from '../text/escape.ts'
import type { Lineage, TracedInput, TracedRound } from './collect.ts'
import { anchorOf } from './text.ts'

// In units of the view box.
const WIDTH = 340
const SPINE = 58
const FIRST = 104
/** Where rollbacks lead down, left of the numbers. */
const BACK = 8
/** Where dashed lines go up, between the bases and what was fused. */
const LATE = 80
const STEP = 26
const PER_LINE = 9
const LINE = 28
const GAP = 16
const ROUND_RADIUS = 9
/** Tasks with a colour and a number of their own; the others share one. */
export const MARKED_TASKS = 8

interface Row {
  readonly round: TracedRound
  readonly y: number
  readonly height: number
}

/** Rounds from the newest down, what was fused into each beside it, and dashed lines from where late ones began. */
export function lineageGraph({ rounds, folded, tasks, start, fork, restored }: Lineage): Html {
  let y = GAP
  const rows = rounds.map((round): Row => {
    const lines = Math.max(1, Math.ceil((round.inputs.length + Math.min(1, round.excluded.length)) / PER_LINE))
    const row = { round, y: y + LINE / 2, height: lines * LINE }
    y += row.height + GAP
    return row
  })
  const placeOf = new Map(rows.map(({ round, y: at }) => [round.round, at]))
  const below = [
    ...folded.map(({ first, last, inputs }) => ({
      text: `${first} to ${last}: ${inputs} contributions`,
      kind: 'folded',
    })),
    ...(start === null
      ? [{ text: 'what came before is not here', kind: 'cut' }]
      : [{ text: 'genesis', kind: 'start' }]),
    ...(fork === null ? [] : [{ text: `a fork of round ${fork.round ?? '?'} of another network`, kind: 'fork' }]),
  ].map((one, at) => ({ ...one, y: y + LINE / 2 + at * (LINE + GAP) }))
  const bottom = below.at(-1)?.y ?? y
  if (start !== null) placeOf.set(0, below[folded.length]?.y ?? bottom)
  const top = rows[0]?.y ?? below[0]?.y ?? 0
  const edges = rows.map((row) => {
    return paler(row.round, join(row.round.inputs.map((input, at) => edge(row, input, at, placeOf))))
  })
  const foldOf = (round: number) => below[folded.findIndex(({ first, last }) => first <= round && round <= last)]?.y
  const backs = rows.flatMap(({ round, y: at }) => {
    const base = round.amendment?.change.rollback?.base
    const to = base === undefined ? null : (restored.get(base) ?? null)
    return base === undefined
      ? []
      : [backEdge(round, at, { to, y: (to === null ? undefined : (placeOf.get(to) ?? foldOf(to))) ?? bottom })]
  })
  return html`<svg class="graph" viewBox="0 0 ${String(WIDTH)} ${String(Math.ceil(bottom + LINE))}" role="group" aria-label="The lineage as a graph, newest round first">
<line class="spine" x1="${String(SPINE)}" x2="${String(SPINE)}" y1="${String(top)}" y2="${String(bottom)}"/>
${join(edges)}
${join(backs)}
${join(rows.map((row) => rowOf(row, tasks)))}
${join(below.map(({ text, kind, y: at }) => stop(text, kind, at)))}
</svg>`
}

/** What was reverted, struck out besides by its number. */
function paler({ revertedBy }: TracedRound, inside: Html): Html {
  return revertedBy === null ? inside : html`<g class="reverted">${inside}</g>`
}

/** From a rollback down to the base that it restored, left of the numbers. */
function backEdge(
  round: TracedRound,
  from: number,
  { to, y }: { readonly to: number | null; readonly y: number },
): Html {
  const [out, into] = [SPINE - ROUND_RADIUS + 2, SPINE - ROUND_RADIUS - 2]
  const path = `M${out} ${from + 6}Q${out - 6} ${from + 18} ${out - 14} ${from + 18}H${BACK + 8}Q${BACK} ${from + 18} ${BACK} ${from + 26}V${y - 26}Q${BACK} ${y - 18} ${BACK + 8} ${y - 18}H${into - 12}Q${into - 4} ${y - 18} ${into} ${y - 8}`
  const where = to === null ? 'an earlier base' : to === 0 ? 'the genesis' : `round ${to}`
  const what = `round ${round.round} went back to the weights of ${where}`
  const arrow = `M${into + 2} ${y - 4}l-7 -4l6 -4z`
  return html`<g class="back"><path d="${path}"/><path class="head" d="${arrow}"/><title>${what}</title></g>`
}

function edge({ round, y }: Row, input: TracedInput, at: number, placeOf: ReadonlyMap<number, number>): Html {
  const [x, dotY] = placeOfDot(at, y)
  const into = `M${x - 8} ${dotY}C${x - 24} ${dotY} ${SPINE + 40} ${y} ${SPINE + ROUND_RADIUS} ${y}`
  const line = html`<path class="edge" d="${into}"/>`
  const from = input.trainedFrom.round === round.round - 1 ? undefined : placeOf.get(input.trainedFrom.round)
  if (from === undefined) return line
  const late = `M${SPINE + ROUND_RADIUS} ${from}Q${LATE} ${from} ${LATE} ${from - 10}V${dotY + 24}Q${LATE} ${dotY + 14} ${LATE + 10} ${dotY + 14}H${x - 6}Q${x} ${dotY + 14} ${x} ${dotY + 9}`
  return html`${line}<path class="late" d="${late}"/>`
}

function placeOfDot(at: number, y: number): readonly [x: number, y: number] {
  return [FIRST + (at % PER_LINE) * STEP, y + Math.floor(at / PER_LINE) * LINE]
}

function rowOf({ round, y }: Row, tasks: readonly string[]): Html {
  const { inputs, excluded, amendment, evidence, revertedBy } = round
  const reverted = revertedBy === null ? '' : `, reverted by round ${revertedBy}`
  const what = `round ${round.round}: ${inputs.length} fused, ${excluded.length} left out${reverted}`
  const kind = inputs.length === 0 ? 'round empty' : 'round'
  const marks = [
    ...(amendment === null
      ? []
      : [
          html`<rect class="amendment" x="${String(SPINE - 4)}" y="${String(y - 4)}" width="8" height="8" transform="rotate(45 ${String(SPINE)} ${String(y)})"><title>an amendment of the network's terms</title></rect>`,
        ]),
    ...(evidence.length === 0
      ? []
      : [
          html`<text class="evidence" x="${String(SPINE)}" y="${String(y + 24)}" text-anchor="middle">!<title>evidence against a member</title></text>`,
        ]),
    ...(excluded.length === 0 ? [] : [leftOut(excluded.length, placeOfDot(inputs.length, y))]),
  ]
  const row = html`<a href="#${anchorOf('round', round.round)}" aria-label="${what}"><text class="number" x="${String(SPINE - 16)}" y="${String(y + 4)}" text-anchor="end">${String(round.round)}</text><circle class="${kind}" cx="${String(SPINE)}" cy="${String(y)}" r="${String(ROUND_RADIUS)}"><title>${what}</title></circle></a>
${join(inputs.map((input, at) => dot(input, placeOfDot(at, y), tasks)))}${join(marks)}`
  return paler(round, row)
}

/** The more rows, the larger: 6 units for one, 12 for a million. */
function dot(input: TracedInput, [x, y]: readonly [number, number], tasks: readonly string[]): Html {
  const { task, dataset, rows, id } = input
  const radius = Math.min(12, 6 + Math.log10(rows)).toFixed(1)
  const mark = taskMark(tasks, task)
  const text = show(`${task}: ${rows} rows of ${dataset}`, { maxLength: 140 })
  return html`<a href="#${anchorOf('c', id)}" tabindex="-1" class="${mark.style}"><circle cx="${String(x)}" cy="${String(y)}" r="${radius}"><title>${text}</title></circle><text x="${String(x)}" y="${String(y + 4)}" text-anchor="middle" aria-hidden="true">${mark.name}</text></a>`
}

function leftOut(count: number, [x, y]: readonly [number, number]): Html {
  return html`<g class="out"><circle cx="${String(x)}" cy="${String(y)}" r="9"><title>${String(count)} left out</title></circle><text x="${String(x)}" y="${String(y + 4)}" text-anchor="middle">−${String(count)}</text></g>`
}

function stop(text: string, kind: string, y: number): Html {
  const line = html`<text x="${String(FIRST - 20)}" y="${String(y + 4)}">${text}</text>`
  return html`<circle class="${kind}" cx="${String(SPINE)}" cy="${String(y)}" r="${String(kind === 'folded' ? 5 : ROUND_RADIUS)}"/>${line}`
}

/** How a task is drawn: a colour and a number; after the eighth a colour and an asterisk. */
export function taskMark(tasks: readonly string[], task: string): { readonly style: string; readonly name: string } {
  const at = tasks.indexOf(task)
  return at >= 0 && at < MARKED_TASKS ? { style: `t${at}`, name: String(at + 1) } : { style: 'rest', name: '*' }
}
