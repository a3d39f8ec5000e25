import { type ChartSeries, lineChart, type ReportEntry } from 'coldmesh'
import { type Html, html, join, trusted } from '../lab/html.ts'
import { short, show } from '../text/escape.ts'
import { formatReports } from '../text/reports.ts'
import { peerText } from './text.ts'

const MAX_CHARTS = 24
/** Lines of one chart: reporters. */
const MAX_REPORTERS = 6
const MAX_POINTS = 300

/** A chart for each task and mode that somebody reported on: one line a reporter. */
export function sectionReports(reports: readonly ReportEntry[]): Html {
  const groups = Map.groupBy(reports, ({ task, mode, metric }) => JSON.stringify([task, mode, metric]))
  const all = [...groups.values()].sort((a, b) => b.length - a.length)
  const charts = all.filter((group) => new Set(group.map(({ round }) => round)).size > 1)
  const single = formatReports(all.filter((group) => !charts.includes(group)).flat())
  const shown = charts.slice(0, MAX_CHARTS)
  const about =
    all.length === 0
      ? html`<p>Nobody's evaluation of these bases is here.</p>`
      : html`<p>Evaluations of bases that somebody signed, each on data of its own; bands are one standard error to each side. Round 0 is the genesis' base. They are advice: judge on your own task.</p>`
  const rest = charts.length - shown.length
  return html`<section id="reports">
<h2>Reports</h2>
${about}
${shown.length === 0 ? html`` : html`<div class="charts">${join(shown.map(chartOf))}</div>`}
${single.length === 0 ? html`` : html`<p>Of one base only:</p><ul>${join(single.map((line) => html`<li>${peerText(line, 200)}</li>`))}</ul>`}
${rest > 0 ? html`<p class="soft">And ${String(rest)} more tasks and modes.</p>` : html``}
</section>`
}

function chartOf(reports: readonly ReportEntry[], index: number): Html {
  const [first] = reports
  if (first === undefined) return html``
  const byAuthor = [...Map.groupBy(reports, ({ author }) => author)].sort(([, a], [, b]) => b.length - a.length)
  const series = byAuthor.slice(0, MAX_REPORTERS).map(([author, own]): ChartSeries => {
    const points = own.map(({ round, value, standardError }) => ({ x: round, y: value, error: standardError }))
    return { name: `by ${short(author)}`, points: thinned(points.sort((a, b) => a.x - b.x)) }
  })
  const task = show(first.task, { maxLength: 40 })
  return trusted(
    lineChart({
      id: `report-${index}`,
      title: `${task}, ${first.mode}`,
      xLabel: 'round',
      yLabel: first.metric,
      formatY: (value) => String(Math.round(value * 1000) / 1000),
      series,
      isNarrow: true,
    }),
  )
}

/** Every n-th, and the last. */
function thinned<T>(points: readonly T[]): readonly T[] {
  const step = Math.ceil(points.length / MAX_POINTS)
  return points.filter((_, at) => at % step === 0 || at === points.length - 1)
}
