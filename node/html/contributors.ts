import type { LogEntry } from 'coldmesh'
import { type Html, html, join } from '../lab/html.ts'
import { peerText, wholeId } from './text.ts'

const MAX_CONTRIBUTORS = 300
/** Of one contributor's tasks, data and licences. */
const MAX_NAMES = 8

/** One key's work over the rounds. */
export interface Contributor {
  readonly author: string
  /** In the weights. */
  readonly fused: number
  /** Fused into rounds that were reverted. */
  readonly reverted: number
  readonly excluded: number
  readonly first: number
  readonly last: number
  /** Task, data and licence as stated, each different one once. */
  readonly stated: readonly {
    readonly task: string
    readonly dataset: string
    readonly rows: number
    readonly license: string | null
  }[]
  /** Different ones that are not listed. */
  readonly unlisted: number
}

interface Growing {
  fused: number
  reverted: number
  excluded: number
  first: number
  last: number
  unlisted: number
  readonly stated: Map<string, Contributor['stated'][number]>
}

/** Counts contributions as rounds are read. */
export function createContributors() {
  const byAuthor = new Map<string, Growing>()
  const tasks = new Map<string, number>()
  const inForce = new Set<string>()
  return {
    byAuthor,
    tasks,
    inForce,
    all: () => ({
      contributors: [...byAuthor]
        .map(([author, { stated, ...counted }]) => ({ author, ...counted, stated: [...stated.values()] }))
        .sort((a, b) => b.fused - a.fused || b.last - a.last || (a.author < b.author ? -1 : 1)),
      tasks: [...tasks].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).map(([task]) => task),
      tasksInForce: inForce.size,
    }),
  }
}

type Contributors = Pick<ReturnType<typeof createContributors>, 'byAuthor' | 'tasks' | 'inForce'>

export function addContributors(
  { byAuthor, tasks, inForce }: Contributors,
  { round, inputs, excluded, revertedBy }: LogEntry,
): void {
  const of = (author: string): Growing => {
    const known = byAuthor.get(author) ?? {
      fused: 0,
      reverted: 0,
      excluded: 0,
      first: round,
      last: round,
      unlisted: 0,
      stated: new Map(),
    }
    byAuthor.set(author, known)
    known.first = Math.min(known.first, round)
    known.last = Math.max(known.last, round)
    return known
  }
  for (const { author, task, dataset, rows, license } of inputs) {
    const one = of(author)
    if (revertedBy === null) one.fused++
    else one.reverted++
    if (revertedBy === null) inForce.add(task)
    tasks.set(task, (tasks.get(task) ?? 0) + 1)
    const name = JSON.stringify([task, dataset, license, rows])
    if (one.stated.has(name)) continue
    if (one.stated.size < MAX_NAMES) one.stated.set(name, { task, dataset, rows, license })
    else one.unlisted++
  }
  for (const { author } of excluded) of(author).excluded++
}

export function sectionContributors(contributors: readonly Contributor[]): Html {
  const shown = contributors.slice(0, MAX_CONTRIBUTORS)
  const hasReverted = contributors.some(({ reverted }) => reverted > 0)
  const rows = shown.map(({ author, fused, reverted, excluded, first, last, stated, unlisted }) => {
    const data = stated.map(({ task, dataset, rows, license }) => {
      const from = license === null ? html`<span class="soft">no licence stated</span>` : peerText(license)
      return html`<li>${peerText(task)}: ${rows.toLocaleString('en')} rows of ${peerText(dataset)}, ${from}</li>`
    })
    const more = unlisted === 0 ? html`` : html`<li class="soft">and ${String(unlisted)} more</li>`
    const when = first === last ? `round ${first}` : `rounds ${first} to ${last}`
    return html`<tr><th scope="row" class="key">${wholeId(author)}</th><td>${String(fused)}</td>${hasReverted ? html`<td>${String(reverted)}</td>` : html``}<td>${String(excluded)}</td><td>${when}</td><td class="wide"><ul>${join([...data, more])}</ul></td></tr>`
  })
  const rest = contributors.length - shown.length
  return html`<section id="contributors">
<h2>Contributors</h2>
<p>By public key. Tasks, data and licences are their own statements, signed by them; nobody has checked them.${hasReverted ? ' What was reverted is in the history, and not in these weights.' : ''}</p>
<div class="scroll" tabindex="0" role="region" aria-label="Contributors"><table>
<thead><tr><th scope="col">key</th><th scope="col">fused</th>${hasReverted ? html`<th scope="col">reverted</th>` : html``}<th scope="col">left out</th><th scope="col">when</th><th scope="col" class="wide">what, as stated</th></tr></thead>
<tbody>${join(rows)}</tbody>
</table></div>
${rest > 0 ? html`<p class="soft">And ${String(rest)} more, with fewer contributions.</p>` : html``}
</section>`
}
