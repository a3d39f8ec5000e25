interface Palette {
  readonly ground: string
  readonly ink: string
  readonly soft: string
  readonly grid: string
  /** By series. */
  readonly colors: readonly string[]
}

// Colours that people with any colour vision tell apart (Okabe and Ito), darkened or lightened for contrast with the ground.
const LIGHT: Palette = {
  ground: '#ffffff',
  ink: '#1b1f24',
  soft: '#57606a',
  grid: '#d8dee4',
  colors: ['#0063a6', '#b04a00', '#00755a', '#a0477f', '#7a6200', '#1f7fae', '#4d4d4d', '#8f2f2f'],
}
const DARK: Palette = {
  ground: '#14181d',
  ink: '#e6edf3',
  soft: '#9da7b1',
  grid: '#2f363d',
  colors: ['#62b6f0', '#f29a4b', '#3fcfa4', '#e392c3', '#e3cd55', '#9ad4f5', '#c4c4c4', '#f08f8f'],
}

export const SERIES_COLORS = LIGHT.colors.length

/** The style sheet of the chart `id`: light, and dark where the reader's system says so. Plain colours, for programs that know no variables. */
export function chartStyle(id: string): string {
  return [
    `#${id}{font:13px system-ui,sans-serif}#${id} .tick{font-size:12px}#${id} .title{font-size:16px;font-weight:600}`,
    `#${id} .line{fill:none;stroke-width:2;stroke-linejoin:round}#${id} .dashed{stroke-dasharray:6 4}`,
    `#${id} .band{opacity:.15}#${id} .mark{stroke-width:1}#${id} .grid{stroke-width:1}`,
    paint(id, LIGHT),
    `@media(prefers-color-scheme:dark){${paint(id, DARK)}}`,
  ].join('\n')
}

function paint(id: string, { ground, ink, soft, grid, colors }: Palette): string {
  const series = colors.map(
    (color, index) =>
      `#${id} .s${index} .line{stroke:${color}}#${id} .s${index} .band,#${id} .s${index} .mark{fill:${color}}`,
  )
  return [
    `#${id} .ground{fill:${ground}}#${id} .mark{stroke:${ground}}`,
    `#${id} text{fill:${ink}}#${id} .tick{fill:${soft}}#${id} .grid{stroke:${grid}}`,
    ...series,
  ].join('')
}
