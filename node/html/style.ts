/** Light and dark by the reader's system, from 320 pixels on, without anything from elsewhere. */
export const LINEAGE_STYLE = `
:root{color-scheme:light dark;--ground:#fff;--ink:#1b1f24;--soft:#57606a;--line:#d8dee4;--shade:#f4f6f8;--warn:#9a3412;--on:#fff;
--c0:#0063a6;--c1:#b04a00;--c2:#00755a;--c3:#a0477f;--c4:#7a6200;--c5:#1f6f9a;--c6:#4d4d4d;--c7:#8f2f2f;--rest:#6e7781}
@media(prefers-color-scheme:dark){:root{--ground:#14181d;--ink:#e6edf3;--soft:#9da7b1;--line:#2f363d;--shade:#1c2229;--warn:#f29a4b;--on:#14181d;
--c0:#62b6f0;--c1:#f29a4b;--c2:#3fcfa4;--c3:#e392c3;--c4:#e3cd55;--c5:#9ad4f5;--c6:#c4c4c4;--c7:#f08f8f;--rest:#9da7b1}}
*{box-sizing:border-box}
html{scroll-behavior:smooth}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:72rem;margin:0 auto;padding:1rem}
h1{margin:.5rem 0;font-size:1.6rem;line-height:1.2;overflow-wrap:anywhere}h2{margin:2.5rem 0 .5rem;font-size:1.25rem}h3{font-size:1rem}
p{max-width:48rem}a{color:var(--c0)}
.soft{color:var(--soft)}.warn{color:var(--warn)}
nav a{display:inline-block;margin-right:1rem;padding:.35rem 0}
dl{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:.2rem 1rem;margin:.75rem 0}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
.id,code,pre{font-family:ui-monospace,monospace;font-size:.8125rem}.whole{overflow-wrap:anywhere}
.numbers{display:flex;flex-wrap:wrap;gap:.5rem 2rem;margin:1rem 0;padding:0;list-style:none}
.numbers b{display:block;font-size:1.5rem;line-height:1.2;font-variant-numeric:tabular-nums}
.picture{display:grid;grid-template-columns:minmax(0,34rem) minmax(0,1fr);gap:1rem 2rem;align-items:start}
.frame{max-height:44rem;overflow:auto;border:1px solid var(--line);border-radius:.5rem}
.legend{margin:0;padding:0;list-style:none}.legend li{margin:.3rem 0;overflow-wrap:anywhere}
.mark{display:inline-block;min-width:1.4em;padding:0 .3em;border-radius:1em;color:var(--on);font-size:.8125rem;font-weight:600;text-align:center}
.mark.t0{background:var(--c0)}.mark.t1{background:var(--c1)}.mark.t2{background:var(--c2)}.mark.t3{background:var(--c3)}
.mark.t4{background:var(--c4)}.mark.t5{background:var(--c5)}.mark.t6{background:var(--c6)}.mark.t7{background:var(--c7)}.mark.rest{background:var(--rest)}
.graph{display:block;width:100%;height:auto;font:600 10px system-ui,sans-serif}
.graph text{fill:var(--soft)}.graph .number{fill:var(--ink);font-size:12px}
.graph a text{fill:var(--on)}.graph a .number{fill:var(--ink)}
.spine,.edge,.late{fill:none;stroke:var(--line)}.spine{stroke-width:3}.edge{stroke-width:1.5}.late{stroke:var(--soft);stroke-dasharray:3 3}
.round{fill:var(--ink);stroke:var(--ground);stroke-width:2}.round.empty{fill:var(--ground);stroke:var(--ink)}
.graph .reverted{opacity:.5}.graph .reverted .round:not(.empty){fill:var(--soft)}.graph .reverted .number{text-decoration:line-through}
.back path{fill:none;stroke:var(--warn);stroke-width:1.5}.back .head{fill:var(--warn);stroke:none}
details.reverted>summary>b,details.reverted>summary>span:first-of-type,details.reverted .scroll{color:var(--soft)}details.reverted>summary>b{text-decoration:line-through}
.amendment{fill:var(--c4);stroke:var(--ground)}.graph .evidence{fill:var(--warn);font-size:14px}
.start{fill:var(--ground);stroke:var(--ink);stroke-width:4}.folded,.cut,.fork{fill:var(--soft)}
.out circle{fill:var(--ground);stroke:var(--soft);stroke-dasharray:2 2}
.t0 circle{fill:var(--c0)}.t1 circle{fill:var(--c1)}.t2 circle{fill:var(--c2)}.t3 circle{fill:var(--c3)}
.t4 circle{fill:var(--c4)}.t5 circle{fill:var(--c5)}.t6 circle{fill:var(--c6)}.t7 circle{fill:var(--c7)}.rest circle{fill:var(--rest)}
.graph a:hover circle{stroke:var(--ink);stroke-width:2}
:focus-visible{outline:3px solid var(--c0);outline-offset:2px}
details{margin:.5rem 0;padding:0 1rem;border:1px solid var(--line);border-radius:.5rem}
details[open]{padding-bottom:1rem}details.inner{border:0;padding:0}details.inner summary{margin:0;padding:.3rem 0;color:var(--soft)}details.inner dl{padding-top:.5rem;border-top:1px solid var(--line)}
summary{margin:0 -1rem;padding:.6rem 1rem;cursor:pointer;overflow-wrap:anywhere}
.flag{display:inline-block;padding:0 .5em;border:1px solid var(--line);border-radius:1em;color:var(--soft);font-size:.8125rem}
.scroll{overflow-x:auto;margin:.75rem 0}
table{border-collapse:collapse;font-size:.875rem;font-variant-numeric:tabular-nums}
th,td{padding:.35rem .6rem;border-bottom:1px solid var(--line);text-align:right;white-space:nowrap;vertical-align:top}
th:first-child,.text,.wide,.score{text-align:left}.text,.wide,tbody th{white-space:normal}.text{min-width:6rem}.wide{min-width:16rem}.key{min-width:17rem;max-width:19rem}
tbody th{font-weight:400;min-width:7rem}thead th{color:var(--soft);font-weight:600}
td ul{margin:0;padding-left:1rem}tr:target{background:var(--shade)}
.bar{vertical-align:middle}.bar rect{fill:var(--c0)}
pre{overflow-x:auto;padding:.75rem 1rem;background:var(--shade);border-radius:.5rem}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,20rem),1fr));gap:1rem}
.charts svg{display:block;width:100%;height:auto;max-width:34rem}
@media(max-width:44rem){.picture{grid-template-columns:minmax(0,1fr)}main{padding:.75rem}dl{grid-template-columns:minmax(0,1fr);gap:0}dd{margin-bottom:.5rem}}
@media(prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
@media print{.frame{max-height:none}details{break-inside:avoid}}
`
