/** Colours that people with any colour vision tell apart (Okabe and Ito), darkened or lightened for contrast with the ground. */
const LIGHT = ['#0063a6', '#b04a00', '#00755a', '#a0477f', '#7a6200', '#1f7fae', '#4d4d4d', '#8f2f2f']
const DARK = ['#62b6f0', '#f29a4b', '#3fcfa4', '#e392c3', '#e3cd55', '#9ad4f5', '#c4c4c4', '#f08f8f']

export const SERIES_COLORS = LIGHT.length

/** The style sheet of the chart `id`: light, and dark where the reader's system says so. */
export function chartStyle(id: string): string {
  const colors = (palette: readonly string[]) =>
    palette.map((color, index) => `#${id} .s${index}{--c:${color}}`).join('')
  return [
    `#${id}{--ground:#fff;--ink:#1b1f24;--soft:#57606a;--grid:#d8dee4;font:13px system-ui,sans-serif}${colors(LIGHT)}`,
    `@media(prefers-color-scheme:dark){#${id}{--ground:#14181d;--ink:#e6edf3;--soft:#9da7b1;--grid:#2f363d}${colors(DARK)}}`,
    `#${id} .ground{fill:var(--ground)}#${id} text{fill:var(--ink)}#${id} .tick{fill:var(--soft);font-size:12px}`,
    `#${id} .title{font-size:16px;font-weight:600}#${id} .grid{stroke:var(--grid);stroke-width:1}`,
    `#${id} .line{fill:none;stroke:var(--c);stroke-width:2;stroke-linejoin:round}#${id} .dashed{stroke-dasharray:6 4}`,
    `#${id} .band{fill:var(--c);opacity:.15}#${id} .mark{fill:var(--c);stroke:var(--ground);stroke-width:1}`,
  ].join('\n')
}
