import type { LabCurve, LabResult } from 'coldmesh'
import { type Html, html, join } from './html.ts'
import { type MadeWith, sectionAgain, sectionRounds } from './report-sections.ts'
import { REPORT_STYLE } from './report-style.ts'
import { groupName, inErrors, overSeeds, signedSpread, spread } from './table.ts'
import { chartOf } from './task-chart.ts'

const MODES = {
  frozen: 'Frozen: a head learns on the base, which stays as it is',
  full: 'Full: base and head learn the task',
  'few-shot': 'Few-shot: base and head learn from 100 labels',
} as const

/** The whole report as one HTML document that needs nothing else: charts, tables, and how to make it again. */
export function renderReport(result: LabResult, madeWith: MadeWith): string {
  const { plan } = result
  const title = `coldmesh lab: ${plan.name}`
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${REPORT_STYLE}</style>
</head>
<body>
<main>
<h1>${title}</h1>
<p>${about(result)}</p>
<ul class="findings">${join(findings(result))}</ul>
${join(plan.evaluations.map((_, index) => sectionMode(result, index)))}
${sectionRounds(result)}
${sectionAgain(result, madeWith)}
</main>
</body>
</html>
`
  return page.text
}

function about({ plan, tasks, trainer }: LabResult): string {
  const seen = tasks.filter(({ isSeen }) => isSeen).length
  const each = plan.perRound === 'all' ? 'everybody' : `${plan.perRound} contributors`
  return (
    `${plan.rounds} rounds of ColD Fusion by ${plan.rule}, ${each} in each, ${seen} seen and ${tasks.length - seen} unseen tasks, ` +
    `seed${plan.seeds.length < 2 ? '' : 's'} ${plan.seeds.join(', ')}, trained by ${trainer.name}. Scores are on test rows, each task by its own metric, in percent, ${overSeeds(plan.seeds.length)}. ` +
    'Bands are one standard error to each side; round 0 is the pretrained base; dashed lines are baselines.'
  )
}

/** One sentence for each mode and group. */
function findings({ gains, plan }: LabResult): readonly Html[] {
  return gains
    .filter(({ task }) => task === null)
    .map((gain) => {
      const errors = inErrors(gain)
      const size = errors === null ? '' : ` (${errors.toFixed(1)} standard errors)`
      const text = `${spread(gain.pretrained, plan.seeds.length)} → ${spread(gain.final, plan.seeds.length)}`
      return html`<li><b>${gain.mode}, ${gain.group} tasks</b>: ${text} after ${String(plan.rounds)} rounds, ${signedSpread(gain, plan.seeds.length)}${size}.</li>`
    })
}

function sectionMode(result: LabResult, index: number): Html {
  const { plan, curves } = result
  const evaluation = plan.evaluations[index]
  if (evaluation === undefined) return html``
  const { mode, trainRows, testRows, repeats } = evaluation
  const own = curves.filter((curve) => curve.mode === mode && curve.points.length > 0)
  const rows = mode === 'few-shot' ? '100 labels' : `At most ${trainRows} training rows`
  const means = own.filter(({ task }) => task === null)
  const single = own.filter(({ task }) => task !== null)
  return html`<section>
<h2>${MODES[mode]}</h2>
<p>${rows}, at most ${String(testRows)} test rows, ${String(repeats)} ${repeats === 1 ? 'judgement' : 'judgements'} a seed.</p>
<div class="charts">${join(means.map((curve) => chartOf(curve, plan)))}</div>
<h3>Each task</h3>
<div class="charts">${join(single.map((curve) => chartOf(curve, plan)))}</div>
${tableOf(result, own)}
</section>`
}

function tableOf({ plan, gains }: LabResult, curves: readonly LabCurve[]): Html {
  const rounds = [...new Set(curves.flatMap(({ points }) => points.flatMap(({ round }) => round ?? [])))].sort(
    (a, b) => a - b,
  )
  const names = [
    ...rounds.map((round) => ({ of: `rounds/${round}`, name: round === 0 ? 'pretrained' : `round ${round}` })),
  ]
  const columns = [...names, ...plan.baselines.map((of) => ({ of, name: of }))]
  const rows = curves.map((curve) => {
    const gain = gains.find(
      ({ mode, group, task }) => mode === curve.mode && group === curve.group && task === curve.task,
    )
    const cells = columns.map(({ of }) => {
      const point = curve.points.find((one) => one.of === of)
      return html`<td>${point === undefined ? '' : spread(point, plan.seeds.length)}</td>`
    })
    const kind = curve.task === null ? html` class="mean"` : html``
    return html`<tr${kind}><th scope="row">${groupName(curve)}</th><td>${curve.group}</td>${join(cells)}<td>${gain === undefined ? '' : signedSpread(gain, plan.seeds.length)}</td><td>${(100 * curve.majority).toFixed(1)}</td></tr>`
  })
  return html`<div class="scroll" tabindex="0"><table>
<thead><tr><th scope="col">task</th><th scope="col">kind</th>${join(columns.map(({ name }) => html`<th scope="col">${name}</th>`))}<th scope="col">gain</th><th scope="col">commonest label</th></tr></thead>
<tbody>${join(rows)}</tbody>
</table></div>`
}
