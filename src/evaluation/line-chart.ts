import { scaleLinear } from 'd3-scale'
import { area, line, symbol, symbolsFill } from 'd3-shape'
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
}

const WIDTH = 760
const HEIGHT = 420
const MARGIN = { top: 48, right: 210, bottom: 48, left: 64 }
const RIGHT = WIDTH - MARGIN.right
const BOTTOM = HEIGHT - MARGIN.bottom
const LEGEND_LINE = 20
const MARK_AREA = 44

/**
 * A line chart as the text of an SVG document, which also stands inside an HTML page: light and dark, with a mark of its own for each series,
 * and its numbers as a description for screen readers.
 *
 * @throws RangeError for a chart without a point, or with one that isn't finite
 */
export function lineChart(chart: LineChart): string {
  return drawChart(chart, `viewBox="0 0 ${WIDTH} ${heightOf(chart)}"`)
}

/** Several charts, one above the other, as one SVG document. Their ids differ. @throws RangeError as lineChart, and for no charts */
export function chartColumn(charts: readonly LineChart[]): string {
  if (charts.length === 0) throw new RangeError('no charts')
  let height = 0
  const drawn = charts.map((chart) => {
    const place = `y="${height}" width="${WIDTH}" height="${heightOf(chart)}"`
    height += heightOf(chart)
    return drawChart(chart, place)
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}">\n${drawn.join('')}</svg>\n`
}

function heightOf({ series }: LineChart): number {
  return Math.max(HEIGHT, MARGIN.top + (series.length + 1) * LEGEND_LINE)
}

function drawChart(chart: LineChart, place: string): string {
  const { id = 'chart', title, xLabel, yLabel, formatY = String, series } = chart
  const points = series.flatMap(({ points }) => points)
  if (points.length === 0) throw new RangeError('a chart needs points')
  if (!points.every(({ x, y, error = 0 }) => [x, y, error].every(Number.isFinite))) throw new RangeError('not finite')
  const x = scaleLinear(extent(points.map((point) => point.x)), [MARGIN.left, RIGHT])
  const y = scaleLinear(extent(points.flatMap(({ y, error = 0 }) => [y - error, y + error])), [
    BOTTOM,
    MARGIN.top,
  ]).nice()
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" id="${id}" ${place} role="img" aria-labelledby="${id}-title ${id}-desc">`,
    `<title id="${id}-title">${escapeXml(title)}</title>`,
    `<desc id="${id}-desc">${escapeXml(describe(chart))}</desc>`,
    `<style>${chartStyle(id)}</style>`,
    `<rect class="ground" width="${WIDTH}" height="${heightOf(chart)}"/>`,
    `<text class="title" x="${MARGIN.left}" y="24">${escapeXml(title)}</text>`,
    ...y.ticks(6).map((value) => horizontal(y(value), formatY(value))),
    ...wholeTicks(x.ticks(10)).map((value) => vertical(x(value), String(value))),
    `<text x="${(MARGIN.left + RIGHT) / 2}" y="${HEIGHT - 10}" text-anchor="middle">${escapeXml(xLabel)}</text>`,
    `<text transform="translate(16 ${(MARGIN.top + BOTTOM) / 2}) rotate(-90)" text-anchor="middle">${escapeXml(yLabel)}</text>`,
    ...series.map((one, index) => drawSeries(one, index, x, y)),
    '</svg>',
    '',
  ].join('\n')
}

type Scale = (value: number) => number

function drawSeries({ name, points, isDashed = false }: ChartSeries, index: number, x: Scale, y: Scale): string {
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
  const legendY = MARGIN.top + index * LEGEND_LINE
  const stroke = isDashed ? 'line dashed' : 'line'
  return [
    `<g class="s${index % SERIES_COLORS}">`,
    points.some(({ error = 0 }) => error > 0) ? `<path class="band" d="${band(sorted)}"/>` : '',
    `<path class="${stroke}" d="${path(sorted)}"/>`,
    ...sorted.map((point) => markAt(x(point.x), y(point.y))),
    `<path class="${stroke}" d="M${RIGHT + 16},${legendY}h28"/>${markAt(RIGHT + 30, legendY)}`,
    `<text x="${RIGHT + 52}" y="${legendY + 4}">${escapeXml(name)}</text>`,
    '</g>',
  ].join('')
}

function horizontal(y: number, text: string): string {
  return `<line class="grid" x1="${MARGIN.left}" x2="${RIGHT}" y1="${round(y)}" y2="${round(y)}"/><text class="tick" x="${MARGIN.left - 8}" y="${round(y + 4)}" text-anchor="end">${escapeXml(text)}</text>`
}

function vertical(x: number, text: string): string {
  return `<line class="grid" x1="${round(x)}" x2="${round(x)}" y1="${BOTTOM}" y2="${BOTTOM + 5}"/><text class="tick" x="${round(x)}" y="${BOTTOM + 20}" text-anchor="middle">${escapeXml(text)}</text>`
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
