/** Light and dark by the reader's system; one column on a telephone, charts side by side where there is room. */
export const REPORT_STYLE = `
:root{color-scheme:light dark;--ground:#fff;--ink:#1b1f24;--soft:#57606a;--line:#d8dee4;--shade:#f4f6f8}
@media(prefers-color-scheme:dark){:root{--ground:#14181d;--ink:#e6edf3;--soft:#9da7b1;--line:#2f363d;--shade:#1c2229}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:80rem;margin:0 auto;padding:1rem}
h1{font-size:1.6rem;line-height:1.2;overflow-wrap:anywhere}h2{margin-top:2.5rem;font-size:1.25rem}h3{font-size:1rem}
p,ul{max-width:60rem}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,22rem),1fr));gap:1rem}
.charts svg{display:block;width:100%;height:auto;max-width:36rem}
.scroll{overflow-x:auto;margin-top:1rem}
table{border-collapse:collapse;font-size:.875rem;font-variant-numeric:tabular-nums}
th,td{padding:.3rem .7rem;border-bottom:1px solid var(--line);text-align:right;white-space:nowrap}
th:first-child,.id{text-align:left}
th:first-child{position:sticky;left:0;min-width:7rem;white-space:normal;background:var(--ground)}
tbody th{font-weight:400}.mean th,.mean td{font-weight:600;background:var(--shade)}
thead th{color:var(--soft);font-weight:600}
.id,code{font-family:ui-monospace,monospace;font-size:.8125rem}
pre{overflow-x:auto;padding:1rem;background:var(--shade);font-size:.8125rem}
@media print{.charts{break-inside:avoid}}
`
