import { scaleLinear } from 'd3-scale'
import { area, line, symbol, symbolsFill } from 'd3-shape'
import { type ChartFrame, chartFrame, LEGEND_LINE } from './chart-frame.ts'
import { chartStyle, SERIES_COLORS } from './chart-style.ts'

export interface ChartPoint {
  readonly x: number
  readonly y: number
  /** Half of the height of the band around the line: a standard error, in units of y. */
  readonly error?: number
}

export interface ChartSeries {
  readonly name: string
  /** Drawn in the order of x. */
  readonly points: readonly ChartPoint[]
  /** For what isn't measured along x, such as a baseline. */
  readonly isDashed?: boolean
}

export interface LineChart {
  /** Letters, digits and hyphens. Differs between the charts of one page. Default: chart. */
  readonly id?: string
  readonly title: string
  readonly xLabel: string
  readonly yLabel: string
  /** How values are written, on the axis and for those who can't see the lines. Default: as they are. */
  readonly formatY?: (value: number) => string
  readonly series: readonly ChartSeries[]
  /** Half as wide, with the legend below. */
  readonly isNarrow?: boolean
}

const MARK_AREA = 44

/**
 * A line chart as the text of an SVG document, which also stands inside an HTML page: light and dark, with a mark of its own for each series,
 * and its numbers as a description for screen readers.
 *
 * @throws RangeError for a chart without a point, or with one that isn't finite
 */
export function lineChart(chart: LineChart): string {
  const { width, height } = frameOf(chart)
  return drawChart(chart, `viewBox="0 0 ${width} ${height}"`)
}

/** Several charts, one above the other, as one SVG document. Their ids differ. @throws RangeError as lineChart, and for no charts */
export function chartColumn(charts: readonly LineChart[]): string {
  if (charts.length === 0) throw new RangeError('no charts')
  const frames = charts.map(frameOf)
  let below = 0
  const drawn = charts.map((chart, index) => {
    const { width = 0, height = 0 } = frames[index] ?? {}
    const place = `y="${below}" width="${width}" height="${height}"`
    below += height
    return drawChart(chart, place)
  })
  const width = Math.max(...frames.map((frame) => frame.width))
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${below}">\n${drawn.join('')}</svg>\n`
}

function frameOf({ series, isNarrow = false }: LineChart): ChartFrame {
  return chartFrame({ series: series.length, isNarrow })
}

function drawChart(chart: LineChart, place: string): string {
  const { id = 'chart', title, xLabel, yLabel, formatY = String, series } = chart
  const frame = frameOf(chart)
  const { left, right, top, bottom } = frame
  const points = series.flatMap(({ points }) => points)
  if (points.length === 0) throw new RangeError('a chart needs points')
  if (!points.every(({ x, y, error = 0 }) => [x, y, error].every(Number.isFinite))) throw new RangeError('not finite')
  const x = scaleLinear(extent(points.map((point) => point.x)), [left, right])
  const y = scaleLinear(extent(points.flatMap(({ y, error = 0 }) => [y - error, y + error])), [bottom, top]).nice()
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" id="${id}" ${place} role="img" aria-labelledby="${id}-title ${id}-desc">`,
    `<title id="${id}-title">${escapeXml(title)}</title>`,
    `<desc id="${id}-desc">${escapeXml(describe(chart))}</desc>`,
    `<style>${chartStyle(id)}</style>`,
    `<rect class="ground" width="${frame.width}" height="${frame.height}"/>`,
    `<text class="title" x="${left}" y="24">${escapeXml(title)}</text>`,
    ...y.ticks(6).map((value) => horizontal(y(value), formatY(value), frame)),
    ...wholeTicks(x.ticks(10)).map((value) => vertical(x(value), String(value), frame)),
    `<text x="${(left + right) / 2}" y="${bottom + 38}" text-anchor="middle">${escapeXml(xLabel)}</text>`,
    `<text transform="translate(16 ${(top + bottom) / 2}) rotate(-90)" text-anchor="middle">${escapeXml(yLabel)}</text>`,
    ...series.map((one, index) => drawSeries(one, index, { x, y, legend: frame.legend })),
    '</svg>',
    '',
  ].join('\n')
}

type Scale = (value: number) => number

function drawSeries(
  { name, points, isDashed = false }: ChartSeries,
  index: number,
  { x, y, legend }: { readonly x: Scale; readonly y: Scale; readonly legend: ChartFrame['legend'] },
): string {
  const sorted = points.toSorted((a, b) => a.x - b.x)
  const path = line<ChartPoint>(
    (point) => x(point.x),
    (point) => y(point.y),
  )
  const band = area<ChartPoint>(
    (point) => x(point.x),
    (point) => y(point.y - (point.error ?? 0)),
    (point) => y(point.y + (point.error ?? 0)),
  )
  const mark = symbol(symbolsFill[index % symbolsFill.length], MARK_AREA)() ?? ''
  const markAt = (atX: number, atY: number) =>
    `<path class="mark" transform="translate(${round(atX)} ${round(atY)})" d="${mark}"/>`
  const legendY = legend.y + index * LEGEND_LINE
  const stroke = isDashed ? 'line dashed' : 'line'
  return [
    `<g class="s${index % SERIES_COLORS}">`,
    points.some(({ error = 0 }) => error > 0) ? `<path class="band" d="${band(sorted)}"/>` : '',
    `<path class="${stroke}" d="${path(sorted)}"/>`,
    ...sorted.map((point) => markAt(x(point.x), y(point.y))),
    `<path class="${stroke}" d="M${legend.x},${legendY}h28"/>${markAt(legend.x + 14, legendY)}`,
    `<text x="${legend.x + 36}" y="${legendY + 4}">${escapeXml(name)}</text>`,
    '</g>',
  ].join('')
}

function horizontal(y: number, text: string, { left, right }: ChartFrame): string {
  return `<line class="grid" x1="${left}" x2="${right}" y1="${round(y)}" y2="${round(y)}"/><text class="tick" x="${left - 8}" y="${round(y + 4)}" text-anchor="end">${escapeXml(text)}</text>`
}

function vertical(x: number, text: string, { bottom }: ChartFrame): string {
  return `<line class="grid" x1="${round(x)}" x2="${round(x)}" y1="${bottom}" y2="${bottom + 5}"/><text class="tick" x="${round(x)}" y="${bottom + 20}" text-anchor="middle">${escapeXml(text)}</text>`
}

/** Rounds are whole numbers: no tick between two of them. */
function wholeTicks(ticks: readonly number[]): readonly number[] {
  const whole = ticks.filter(Number.isInteger)
  return whole.length > 1 ? whole : ticks
}

/** Smallest and largest, a little apart when they are one. */
function extent(values: readonly number[]): [number, number] {
  const [low, high] = [Math.min(...values), Math.max(...values)]
  return low === high ? [low - 0.5, high + 0.5] : [low, high]
}

function describe({ xLabel, yLabel, formatY = String, series }: LineChart): string {
  const told = series.map(({ name, points }) => {
    const values = points.map(({ x, y, error }) => {
      const spread = error === undefined ? '' : ` ± ${formatY(error)}`
      return `${x}: ${formatY(y)}${spread}`
    })
    return `${name}: ${values.join(', ')}.`
  })
  return `${yLabel} by ${xLabel}. ${told.join(' ')}`
}

const round = (value: number): number => Math.round(value * 100) / 100

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escapeXml(text: string): string {
  // Control characters are not allowed in XML at all.
  return text.replace(/[&<>"']|\p{Cc}/gu, (found) => ENTITIES[found] ?? ' ')
}
