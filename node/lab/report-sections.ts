import type { LabResult } from 'coldmesh'
import { type Html, html, join } from './html.ts'

/** What is needed to make a report again. */
export interface MadeWith {
  /** The plan's file. */
  readonly source: unknown
  readonly coldmesh: string
  readonly node: string
  readonly platform: string
}

/** Every base of every seed, what went into it, and whether its history holds. */
export function sectionRounds({ runs }: LabResult): Html {
  const rows = runs.flatMap(({ seed, rounds, verified }) =>
    rounds.map(({ round, base, contributions }, index) => {
      const included = contributions.filter(({ excluded }) => excluded === null).length
      const isLast = index === rounds.length - 1
      const state =
        isLast && verified !== null ? `${verified.valid ? 'valid' : 'NOT VALID'}, level ${verified.level}` : ''
      return html`<tr><th scope="row">seed ${String(seed)}, round ${String(round)}</th><td>${String(included)} of ${String(contributions.length)}</td><td class="id">${base}</td><td>${state}</td></tr>`
    }),
  )
  return html`<section>
<h2>Bases</h2>
<p>Each run is a network of its own with its certificates and blocks in <code>seed-N/rounds</code> beside this file:
<code>coldmesh verify BASE --dir seed-N/rounds</code> checks it again.</p>
<div class="scroll" tabindex="0"><table>
<thead><tr><th scope="col">base of</th><th scope="col">fused</th><th scope="col" class="id">CID</th><th scope="col">verified</th></tr></thead>
<tbody>${join(rows)}</tbody>
</table></div>
</section>`
}

/** The plan as it was run, and what ran it. */
export function sectionAgain({ tasks, trainer, workSeconds }: LabResult, madeWith: MadeWith): Html {
  const texts = tasks.map(({ name, isSeen, rows, labels }) => {
    return html`<li>${name}: ${isSeen ? 'seen' : 'unseen'}, ${String(rows)} training rows, ${String(labels)} labels</li>`
  })
  const minutes = (workSeconds / 60).toFixed(1)
  return html`<section>
<h2>Make it again</h2>
<p><code>coldmesh lab PLAN.json --out DIR</code>, with this plan: by one thread for each training, the same plan gives
the same CIDs. Made with coldmesh ${madeWith.coldmesh}, Node ${madeWith.node}, ${madeWith.platform}, engine ${trainer.name} on ${trainer.device};
${minutes} minutes of training in all.</p>
<ul>${join(texts)}</ul>
<pre tabindex="0">${JSON.stringify(madeWith.source, null, 2)}</pre>
</section>`
}
