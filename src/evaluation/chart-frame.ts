/** Where the parts of a chart are, in the units of its view box. */
export interface ChartFrame {
  readonly width: number
  readonly height: number
  /** Edges of the area that the lines are drawn in. */
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
  /** Where the legend's first line begins; the others are below it. */
  readonly legend: { readonly x: number; readonly y: number }
}

export const LEGEND_LINE = 20

const WIDE = { width: 760, left: 64, right: 550, top: 48, bottom: 372, height: 420 }
const NARROW = { width: 380, left: 56, right: 368, top: 48, bottom: 240, legend: 300 }

/** The legend stands to the right of the lines; in a narrow chart, which suits small screens and grids of charts, below them. */
export function chartFrame({ series, isNarrow }: { readonly series: number; readonly isNarrow: boolean }): ChartFrame {
  if (isNarrow) {
    const { legend: y, ...frame } = NARROW
    return { ...frame, legend: { x: frame.left, y }, height: y + series * LEGEND_LINE }
  }
  const height = Math.max(WIDE.height, WIDE.top + (series + 1) * LEGEND_LINE)
  return { ...WIDE, height, legend: { x: WIDE.right + 16, y: WIDE.top } }
}
