import Table from 'cli-table3'
import type { DaemonStatus, StartingAnswer } from '../control/shapes.ts'
import { formatAmendment } from './amendments.ts'
import { short, show } from './escape.ts'
import { describeGate, lateBy } from './events.ts'
import { contradictionLine } from './evidence.ts'
import { forkLine } from './fork.ts'
import { mismatchLine } from './mismatch.ts'
import type { Colors } from './output.ts'
import { formatReports } from './reports.ts'
import { splitLine } from './split.ts'
import { describeDisk, describeStore } from './store.ts'
import { describeCatchUp, describePending, describeWait } from './wait.ts'

/** `--json` has all that the daemon remembers. */
const MAX_REFUSED_LINES = 5

export function formatStatus(status: DaemonStatus, colors: Colors): string {
  const { round, view, phase, base, aggregator, waitingFor, member, muted, peers, training } = status
  const lines = [
    `${colors.bold(`round ${round}`)}, ${phase}, view ${view}${aggregator === null ? '' : `, aggregator ${show(aggregator)}`}`,
    waitingFor === null ? 'waits for nothing' : `waits for ${describeWait(waitingFor)}`,
    ...status.waits.map((wait) => `         and for ${describePending(wait)}`),
    ...(status.catchUp === null ? [] : [describeCatchUp(status.catchUp)]),
    `base     ${show(base)}`,
    `archive  ${show(status.archive)}`,
    `network  ${show(status.network)}`,
    ...(status.fork === null ? [] : [`         ${forkLine(status.fork, colors)}`]),
    `members  ${status.terms.committee.map(({ name }) => show(name)).join(', ')}; ${status.terms.votes} decide`,
    `peer     ${show(status.peerId)}${member === null ? '' : `, committee member ${show(member)}`}, ${peers} connected`,
    ...status.multiaddrs.map((address) => `         ${show(address)}`),
  ]
  if (status.gateway !== null) lines.push(`gateway  ${show(status.gateway)}`)
  lines.push(`store    ${describeStore(status.store)}`, `disk     ${describeDisk(status.store)}`)
  if (status.split !== null) lines.unshift(colors.red(splitLine(status.split)))
  lines.push(permissionLine(status, colors))
  if (muted !== null) lines.push(colors.yellow(`signs nothing: ${show(muted)}`))
  if (status.trainer !== null) lines.push(`engine   ${show(status.trainer.engine)} on ${show(status.trainer.device)}`)
  for (const { what, reason, hint } of status.troubles) {
    lines.push(
      colors.red(`trouble  ${show(what)}: ${show(reason)}`),
      ...(hint === null ? [] : [`         ${show(hint)}`]),
    )
  }
  if (status.gate !== null) {
    lines.push(`gate     ${status.gate.rows} rows of ${show(status.gate.data)}, at most ${status.gate.maxDrop} worse`)
    for (const judged of status.gate.judgements) lines.push(`         round ${judged.round}: ${describeGate(judged)}`)
  }
  if (training !== null) {
    lines.push(`trains   ${show(training.task)}, step ${training.step} of ${training.steps}`)
  }
  if (status.reports.held > 0) {
    lines.push(`reports  ${status.reports.held}, ${status.reports.base.length} of this base`)
    lines.push(...formatReports(status.reports.base).map((line) => `         ${line}`))
  }
  lines.push(...status.amendments.flatMap(formatAmendment))
  for (const found of status.mismatches) lines.push(colors.red(mismatchLine(found)))
  for (const found of status.evidence) lines.push(colors.red(contradictionLine(found)))
  if (status.contributions.length > 0) lines.push(contributionTable(status))
  lines.push(...refusedLines(status))
  return lines.join('\n')
}

/** Of a daemon that has not found its network yet. */
export function formatStarting({ network, peerId, peers, waits, troubles }: StartingAnswer, colors: Colors): string {
  return [
    colors.bold('starting'),
    ...waits.map((wait) => `waits for ${describePending(wait)}`),
    `network  ${show(network)}`,
    `peer     ${show(peerId)}, ${peers} connected`,
    ...troubles.map(({ what, reason }) => colors.red(`trouble  ${show(what)}: ${show(reason)}`)),
  ].join('\n')
}

/** Who may contribute, and whether this peer may, until when. */
function permissionLine({ permission, round }: DaemonStatus, colors: Colors): string {
  const { contributors, granted, reason, until, by } = permission
  const open = contributors === 'open' ? 'open to anyone' : contributors
  if (!granted) return colors.yellow(`contributors  ${open}; this peer may not: ${show(reason ?? '?')}`)
  if (contributors === 'open') return `contributors  ${open}`
  const left = until === null ? '' : `, until round ${until} (${until - round} more after this one)`
  return `contributors  ${open}; this peer may${by === null ? '' : `, vouched for by ${show(by)}`}${left}`
}

/** The newest refusals that the table above doesn't tell. */
function refusedLines({ refused, contributions }: DaemonStatus): string[] {
  const told = new Set(contributions.flatMap(({ id, reason }) => (reason === null ? [] : [id])))
  return refused
    .filter(({ id }) => id === null || !told.has(id))
    .slice(-MAX_REFUSED_LINES)
    .map(({ what, id, author, reason }) => {
      const whose = author === null ? '' : `, by ${short(author)}`
      return `refused  ${show(what)} ${id === null ? '' : short(id)}${whose}: ${show(reason, { maxLength: 60 })}`
    })
}

export function createTable(head: readonly string[]): Table.Table {
  const none = ''
  return new Table({
    head: [...head],
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 2 },
    chars: {
      top: none,
      'top-mid': none,
      'top-left': none,
      'top-right': none,
      bottom: none,
      'bottom-mid': none,
      'bottom-left': none,
      'bottom-right': none,
      left: none,
      'left-mid': none,
      mid: none,
      'mid-mid': none,
      right: none,
      'right-mid': none,
      middle: none,
    },
  })
}

function contributionTable({ contributions }: DaemonStatus): string {
  const table = createTable(['contribution', 'task', 'author', 'state'])
  for (const { id, task, author, state, reason, staleness } of contributions) {
    const why = reason === null ? '' : `: ${show(reason, { maxLength: 60 })}`
    table.push([short(id), show(task, { maxLength: 32 }), short(author), `${state}${why}${lateBy(staleness)}`])
  }
  return table.toString()
}
