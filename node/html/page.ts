import { type Html, html, join, trusted } from '../lab/html.ts'
import type { Lineage } from './collect.ts'
import { sectionContributors } from './contributors.ts'
import { lineageGraph, MARKED_TASKS, taskMark } from './graph.ts'
import { sectionReports } from './reports.ts'
import { sectionRounds } from './rounds.ts'
import { LINEAGE_STYLE } from './style.ts'
import { peerText, wholeId } from './text.ts'
import { sectionVerify } from './verify.ts'

/** Nothing is loaded and nothing runs, whatever a text in the page may say. Charts bring their styles along. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

/** The lineage of a base as one HTML document that needs nothing else, and runs nothing. */
export function renderLineage(lineage: Lineage, madeWith: { readonly version: string }): string {
  const { rounds, network, networkName, head, contributors, tasks, reports, fork } = lineage
  const newest = rounds[0]?.round ?? 0
  const name = networkName === null ? html`coldmesh network` : peerText(networkName)
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>Lineage of round ${String(newest)}</title>
<style>${trusted(LINEAGE_STYLE)}</style>
</head>
<body>
<main>
<h1>${name}: where the base of round ${String(newest)} comes from</h1>
<dl>
<dt>base</dt><dd>${wholeId(head)}</dd>
<dt>network (genesis)</dt><dd>${wholeId(network)}</dd>
</dl>
<ul class="numbers">${join(numbers(lineage))}</ul>
${fork === null ? html`` : html`<p${fork.state === 'verified' ? html`` : html` class="warn"`}>This network began as a base of another one, ${wholeId(fork.of)}: ${fork.state}${fork.reason === null ? html`` : html`, ${peerText(fork.reason, 200)}`}.</p>`}
<p>Made by coldmesh ${madeWith.version}, which checked the signatures and the certificate of each round that it tells. <b>This page proves nothing by itself</b>: whoever gave it to you could have written
anything into it. <a href="#verify">Check it yourself.</a></p>
<nav aria-label="Sections"><a href="#graph">Lineage</a><a href="#contributors">Contributors</a><a href="#reports">Reports</a><a href="#rounds">Rounds</a><a href="#verify">Verify</a></nav>
<section id="graph">
<h2>Lineage</h2>
<div class="picture">
<div class="frame" tabindex="0" role="region" aria-label="Graph of the lineage">${lineageGraph(lineage)}</div>
<div>${legend(tasks, lineage)}</div>
</div>
</section>
${sectionContributors(contributors)}
${sectionReports(reports)}
${sectionRounds(lineage)}
${sectionVerify(lineage)}
</main>
</body>
</html>
`
  return page.text
}

function numbers({ rounds, folded, contributors, tasksInForce }: Lineage): readonly Html[] {
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
  const inForce = rounds.filter(({ revertedBy }) => revertedBy === null)
  const gone = rounds.filter(({ revertedBy }) => revertedBy !== null)
  const fused = sum([...inForce.map(({ inputs }) => inputs.length), ...folded.map(({ inputs }) => inputs)])
  const reverted = sum([...gone.map(({ inputs }) => inputs.length), ...folded.map((range) => range.reverted)])
  const working = contributors.filter((one) => one.fused > 0)
  const count = rounds.length + sum(folded.map((range) => range.rounds))
  const all: readonly (readonly [number, string])[] = [
    [count, count === 1 ? 'round' : 'rounds'],
    [fused, fused === 1 ? 'contribution in these weights' : 'contributions in these weights'],
    ...(reverted === 0 ? [] : [[reverted, 'reverted, not in them'] as const]),
    [working.length, working.length === 1 ? 'contributor' : 'contributors'],
    [tasksInForce, tasksInForce === 1 ? 'task' : 'tasks'],
  ]
  return all.map(([value, what]) => html`<li><b>${value.toLocaleString('en')}</b>${what}</li>`)
}

function legend(tasks: readonly string[], { rounds, restored }: Lineage): Html {
  const known = tasks.slice(0, MARKED_TASKS).map((task) => {
    const { style, name } = taskMark(tasks, task)
    return html`<li><span class="mark ${style}">${name}</span> ${peerText(task)}</li>`
  })
  const more = tasks.length - known.length
  const isLate = rounds.some(({ round, inputs }) => inputs.some(({ trainedFrom }) => trainedFrom.round !== round - 1))
  return html`<h3>Tasks, as contributors name them</h3>
<ul class="legend">${join(known)}${more > 0 ? html`<li><span class="mark rest">*</span> ${String(more)} more</li>` : html``}</ul>
<p class="soft">A filled circle is a base, a hollow one a round that ended empty. What was fused into it stands beside it, larger where more rows were trained on; a dashed circle counts what was left out.${isLate ? ' A dashed line leads from the base that a late contribution was trained from.' : ''} A diamond is an amendment of the network’s terms.${restored.size === 0 ? '' : ' An arrow leads from a rollback to the base whose weights it restored; the rounds between, struck out and paler, are reverted: in the history, and not in these weights.'}</p>`
}
