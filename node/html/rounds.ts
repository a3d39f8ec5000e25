import { type Html, html, join } from '../lab/html.ts'
import { changeLines } from '../text/amendments.ts'
import { contradictionLine } from '../text/evidence.ts'
import { formatReports } from '../text/reports.ts'
import type { FoldedRounds, Lineage, TracedInput, TracedRound } from './collect.ts'
import { taskMark } from './graph.ts'
import { anchorOf, idCell, numberText, peerText, wholeId } from './text.ts'

const WHOLE = 65_536
const BAR = 60
/** Rounds that are open when the page is. */
const OPEN = 3

export function sectionRounds({ rounds, folded, tasks, end, restored }: Lineage): Html {
  return html`<section id="rounds">
<h2>Rounds</h2>
<p>Newest first. <i>Moved</i> is the norm of what a contribution changed: <b>measured</b> from its bytes while this page was made, or <b>stated</b> in the lineage, where the members computed it
(<code>clipped-mean/1</code>). Where neither can be had it is left open. <i>Counted</i> is how much of the change was taken, before it is averaged.</p>
${join(rounds.map((round, at) => roundOf(round, { isOpen: at < OPEN, tasks, restored })))}
${folded.length === 0 ? html`` : foldedTable(folded)}
${end === null ? html`` : html`<p class="warn">The history goes on before these rounds, and is not here: ${peerText(end, 300)}</p>`}
</section>`
}

function roundOf(
  round: TracedRound,
  { isOpen, tasks, restored }: Pick<Lineage, 'tasks' | 'restored'> & { readonly isOpen: boolean },
): Html {
  const { round: number, base, parent, aggregator, view, rule, inputs, excluded, amendment, evidence, reports } = round
  const back = amendment?.change.rollback?.base
  const about =
    inputs.length > 0
      ? `${inputs.length} fused by`
      : back === undefined
        ? 'ended empty: the weights of its parent'
        : `rolled back: the weights of ${nameOf(restored.get(back) ?? null)}`
  const told = inputs.length === 0 ? html`${about}` : html`${about} ${peerText(rule, 128)}`
  const { revertedBy } = round
  const flags = [
    ...(revertedBy === null ? [] : [`reverted by round ${revertedBy}`]),
    ...(amendment === null ? [] : [back === undefined ? 'amendment' : 'rollback']),
    ...(evidence.length === 0 ? [] : ['evidence']),
    ...(excluded.length === 0 ? [] : [`${excluded.length} left out`]),
  ]
  return html`<details id="${anchorOf('round', number)}"${revertedBy === null ? html`` : html` class="reverted"`}${isOpen ? html` open` : html``}>
<summary><b>Round ${String(number)}</b> <span>${revertedBy === null ? told : html`<s>${told}</s>`}</span>${join(flags.map((flag) => html` <span class="flag">${flag}</span>`))}</summary>
<dl>
<dt>base</dt><dd>${wholeId(base)}</dd>
<dt>parent</dt><dd>${wholeId(parent)}</dd>
<dt>proposed by</dt><dd>${wholeId(aggregator)}, in view ${String(view)}</dd>
</dl>
${revertedBy === null ? html`` : html`<p class="warn">Round ${String(revertedBy)} went back past this one: what was fused here is in the history, and not in these weights.</p>`}
${inputs.length === 0 ? html`` : inputTable(inputs, tasks)}
${excluded.length === 0 ? html`` : html`<p>Left out:</p><ul>${join(excluded.map(({ id, author, reason }) => html`<li>${idCell(id)} by ${idCell(author)}: ${peerText(reason)}</li>`))}</ul>`}
${amendment === null ? html`` : html`<p>Amendment ${idCell(amendment.id)}, ${back === undefined ? `in force from round ${amendment.from}` : 'done in this round'}:</p><ul>${join(changeLines(amendment.change).map((line) => html`<li>${peerText(line, 200)}</li>`))}</ul>`}
${evidence.length === 0 ? html`` : html`<ul class="warn">${join(evidence.map((found) => html`<li>${peerText(contradictionLine(found), 300)}</li>`))}</ul>`}
${reports.length === 0 ? html`` : html`<p>Reports on this base:</p><ul>${join(formatReports(reports).map((line) => html`<li>${peerText(line, 200)}</li>`))}</ul>`}
</details>`
}

/** A base by its round, where that is told here. */
function nameOf(round: number | null): string {
  if (round === null) return 'an earlier base'
  return round === 0 ? 'the genesis' : `round ${round}`
}

function inputTable(inputs: readonly TracedInput[], tasks: readonly string[]): Html {
  const largest = Math.max(...inputs.map((input) => normOf(input)?.value ?? 0))
  const isClipped = inputs.some(({ clipping }) => clipping !== null)
  const rows = inputs.map((input) => {
    const { id, author, task, dataset, rows, license, metric } = input
    const mark = taskMark(tasks, task)
    const note = noteOf(input)
    const score = `${metric.before === null ? '' : `${percent(metric.before)} → `}${percent(metric.after)}`
    return html`<tr id="${anchorOf('c', id)}"><th scope="row"><span class="mark ${mark.style}">${mark.name}</span> ${peerText(task)}${note === '' ? html`` : html`<br><span class="flag">${note}</span>`}</th><td class="text">${peerText(dataset)}</td><td>${rows.toLocaleString('en')}</td><td class="text">${license === null ? html`<span class="soft">not stated</span>` : peerText(license)}</td><td class="score">${score} <span class="soft">${peerText(metric.name)}</span></td>${moved(input, largest)}${isClipped ? html`<td>${counted(input)}</td>` : html``}<td class="score">${idCell(author)}</td></tr>`
  })
  const heads = [
    ['task'],
    ['data', 'text'],
    ['rows'],
    ['licence', 'text'],
    ['its own score', 'score'],
    ['moved', 'score'],
  ]
  const last = [...(isClipped ? [['counted']] : []), ['by', 'score']]
  const cells = [...heads, ...last].map(
    ([head = '', style = '']) => html`<th scope="col" class="${style}">${head}</th>`,
  )
  const whole = inputs.map(({ id, author, checkpoint, commitment, vouchedBy }) => {
    const voucher = vouchedBy === null ? html`` : html`<dt>vouched for by</dt><dd>${wholeId(vouchedBy)}</dd>`
    return html`<dl><dt>contribution</dt><dd>${wholeId(id)}</dd><dt>by</dt><dd>${wholeId(author)}</dd><dt>checkpoint</dt><dd>${wholeId(checkpoint)}</dd><dt>root of its data</dt><dd>${wholeId(commitment)}</dd>${voucher}</dl>`
  })
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Contributions"><table>
<thead><tr>${join(cells)}</tr></thead>
<tbody>${join(rows)}</tbody>
</table></div>
<details class="inner"><summary>Their identifiers</summary>${join(whole)}</details>`
}

function noteOf({ staleness, vouchedBy }: TracedInput): string {
  const late = staleness === 0 ? [] : [staleness === null ? 'perhaps late' : `late by ${staleness}`]
  return [...late, ...(vouchedBy === null ? [] : ['vouched for'])].join(', ')
}

/** What was measured counts for more than what is stated. */
function normOf({
  measured,
  clipping,
}: TracedInput): { readonly value: number; readonly how: 'measured' | 'stated' } | null {
  if (measured !== null) return { value: measured, how: 'measured' }
  if (clipping === null) return null
  return { value: Math.sqrt(Buffer.from(clipping.norm, 'hex').readDoubleBE()), how: 'stated' }
}

function moved(input: TracedInput, largest: number): Html {
  const norm = normOf(input)
  if (norm === null) return html`<td class="score"><span class="soft">not here</span></td>`
  const width = largest > 0 ? Math.max(1, (BAR * norm.value) / largest) : 1
  return html`<td class="score"><svg class="bar" viewBox="0 0 ${String(BAR)} 8" width="${String(BAR)}" height="8" aria-hidden="true"><rect width="${width.toFixed(1)}" height="8"/></svg> ${numberText(norm.value)} <span class="soft">${norm.how}</span></td>`
}

function counted({ clipping }: TracedInput): string {
  return clipping === null ? '' : percent(clipping.factor / WHOLE)
}

const percent = (fraction: number): string => `${(100 * fraction).toFixed(1)} %`

function foldedTable(folded: readonly FoldedRounds[]): Html {
  const rows = folded.map(
    ({ first, last, rounds, empty, inputs, reverted, excluded, amendments, evidence, base }) =>
      html`<tr><th scope="row">${String(first)} to ${String(last)}</th><td>${String(rounds)}</td><td>${String(empty)}</td><td>${String(inputs)}</td><td>${String(reverted)}</td><td>${String(excluded)}</td><td>${String(amendments)}</td><td>${String(evidence)}</td><td>${wholeId(base)}</td></tr>`,
  )
  const heads = [
    'rounds',
    'number',
    'empty',
    'fused',
    'reverted',
    'left out',
    'amendments',
    'evidence',
    'the last one’s base',
  ]
  return html`<h3>Older rounds</h3>
<p>Told by the hundred, to keep this page short; <code>coldmesh log</code> has each.</p>
<div class="scroll" tabindex="0" role="region" aria-label="Older rounds"><table>
<thead><tr>${join(heads.map((head) => html`<th scope="col">${head}</th>`))}</tr></thead>
<tbody>${join(rows)}</tbody>
</table></div>`
}
