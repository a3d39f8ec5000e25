import { equalBytes, toHex } from '../wire/bytes.ts'
import type { QuorumKind } from '../wire/election.ts'
import { MAX_COMMITTEE } from '../wire/limits.ts'
import { reject, type Verdict } from '../wire/verdict.ts'
import type { Amendment } from './messages.ts'

type Change = Amendment['change']

/** What an amendment can change, in the shape that a genesis gives it. */
export interface AmendableTerms {
  readonly committee: readonly { readonly name: string; readonly key: Uint8Array }[]
  readonly quorum: QuorumKind
  readonly contributors: 'open' | 'vouched' | readonly Uint8Array[]
  readonly round: Readonly<Record<keyof NonNullable<Change['round']>, number>>
  readonly gate: { readonly maxDrop: number } | null
  readonly fusion: { readonly rule: string; readonly params: Readonly<Record<string, number>> }
}

/**
 * SPEC 8.3 and 8.11: the terms after a change, which a rollback leaves as they are; a verdict when it says nothing, removes who is
 * no member, adds who is one, or rolls back and does something else. Whether the
 * outcome is one that a genesis may have is for the caller to ask (SPEC 8.4).
 */
export function amendTerms(terms: AmendableTerms, change: Change): AmendableTerms | Verdict {
  if (change.rollback !== undefined) {
    return Object.keys(change).length === 1 ? terms : reject('amendment-rollback-not-alone')
  }
  const { add = [], remove = [], round = {}, rollback: _, ...others } = change
  if (Object.keys(change).length === 0 || (change.round && Object.keys(round).length === 0))
    return reject('amendment-empty')
  const has = (key: Uint8Array) => terms.committee.some((member) => equalBytes(member.key, key))
  if (new Set(remove.map(toHex)).size !== remove.length || !remove.every(has)) return reject('amendment-removes-nobody')
  const stays = ({ key }: { readonly key: Uint8Array }) => !remove.some((other) => equalBytes(other, key))
  const committee = [...terms.committee.filter(stays), ...add]
  if (committee.length === 0 || committee.length > MAX_COMMITTEE) return reject('amendment-committee-size')
  return { ...terms, ...others, committee, round: { ...terms.round, ...round } }
}

/** True for terms, false for a verdict. */
export function isAmended(amended: AmendableTerms | Verdict): amended is AmendableTerms {
  return 'committee' in amended
}
