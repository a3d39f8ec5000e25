import type { AmendmentChange, AmendmentStatus } from 'coldmesh'
import { formatRule } from 'coldmesh/history'
import { short, show } from './escape.ts'

/** What an amendment changes, who approved it, and when it holds. */
export function formatAmendment(amendment: AmendmentStatus): string[] {
  const { id, change, approvedBy, missing, need, state, from } = amendment
  const approved = `approved by ${approvedBy.map((name) => show(name)).join(', ') || 'nobody'}`
  const progress = {
    open: `${approved}: ${approvedBy.length} of ${need}; missing ${missing.map((name) => show(name)).join(', ')}`,
    ratified: `${approved}: ratified, the next base embeds it`,
    embedded: `${approved}: ${change.rollback === undefined ? 'in force from' : 'done in'} round ${from}`,
  }[state]
  return [`amendment ${show(id)}`, ...changeLines(change).map((line) => `  ${line}`), `  ${progress}`]
}

export function changeLines({
  add,
  remove,
  round,
  quorum,
  contributors,
  gate,
  fusion,
  rollback,
}: AmendmentChange): string[] {
  return [
    ...(add ?? []).map(({ name, key }) => `adds member ${show(name)} (${short(key)})`),
    ...(remove ?? []).map((key) => `removes member ${short(key)}`),
    ...Object.entries(round ?? {}).map(([name, value]) => `sets ${name} to ${value}`),
    ...(quorum === undefined ? [] : [`sets quorum to ${quorum}`]),
    ...(contributors === undefined ? [] : [`sets contributors to ${contributorsText(contributors)}`]),
    ...(gate === undefined ? [] : [`sets gate to ${gate === null ? 'off' : gate.maxDrop}`]),
    ...(rollback === undefined ? [] : [`rolls back to the base ${show(rollback.base)}`]),
    ...(fusion === undefined ? [] : [`sets rule to ${show(formatRule(fusion), { maxLength: 128 })}`]),
  ]
}

function contributorsText(contributors: NonNullable<AmendmentChange['contributors']>): string {
  return typeof contributors === 'string' ? contributors : `${contributors.length} keys`
}
