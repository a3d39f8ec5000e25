import type { EvidenceReport, EvidenceStatus } from 'coldmesh'
import { short, show } from './escape.ts'
import type { Colors } from './output.ts'

type Facts = Pick<EvidenceStatus | EvidenceReport, 'author' | 'name' | 'round' | 'kind' | 'contradiction' | 'seenMs'>

/** One line: who contradicted itself, in which round, how, and when this peer saw it. */
export function contradictionLine({ author, name, round, kind, contradiction, seenMs }: Facts): string {
  const who = name === null ? short(author ?? '?') : `${show(name)} (${short(author ?? '?')})`
  const when = seenMs === null ? '' : `, seen ${new Date(seenMs).toISOString()}`
  return `evidence: ${who} contradicted itself in round ${round}: ${howText(kind, contradiction)}${when}`
}

function howText(kind: string | null, contradiction: EvidenceReport['contradiction']): string {
  const what = show(kind ?? '?').replace(/\/.*/, '')
  return contradiction === 'dropped-entry' ? `a later ${what} drops an entry` : `two ${what}s in one place`
}

/** Both messages, and what checking them found. */
export function formatEvidence(report: EvidenceReport, colors: Colors): string {
  const { id, proven, reason, network, trusted, member, messages } = report
  if (!proven) return [`${show(id)}  ${colors.red('not proven')}: ${show(reason ?? '?')}`].join('\n')
  const committee = member === null ? colors.yellow('committee not known here') : 'a member of its committee'
  return [
    `${show(id)}  ${colors.green('proven')}`,
    `├─ ${contradictionLine(report)}`,
    `├─ network  ${show(network ?? '?')}  ${trusted ? 'the one you trust' : colors.yellow('you named no genesis to trust: --trust CID')}, ${committee}`,
    ...messages.map((message, i) => `${i === messages.length - 1 ? '└' : '├'}─ signed  ${describe(message)}`),
  ].join('\n')
}

function describe({ id, seq, view, base, contributions }: EvidenceReport['messages'][number]): string {
  const what =
    contributions === null
      ? `view ${view}, base ${base === null ? 'none' : show(base)}`
      : `seq ${seq}, ${contributions.length} contributions${contributions.map((entry) => ` ${short(entry)}`).join('')}`
  return `${short(id)}  ${what}; signature holds`
}
