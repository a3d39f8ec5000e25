import { CID } from 'multiformats/cid'
import type { Amendment } from '../../../protocols/membership/messages.ts'
import { fromHex, toHex } from '../../../protocols/wire/bytes.ts'
import { formatRule } from '../../fusion/rule-text.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import type { NetworkFacts } from '../../rounds/network.ts'
import type { AmendmentChange, TermsStatus } from '../amendment-types.ts'

type Change = Amendment['change']

const BILLION = 1_000_000_000

/** A change as it goes into an amendment. @throws ColdmeshError `bad-input` for what is no key */
export function encodeChange({ add, remove, contributors, gate, rollback, ...others }: AmendmentChange): Change {
  return {
    ...others,
    ...(add === undefined ? {} : { add: add.map(({ name, key }) => ({ name, key: keyOf(key) })) }),
    ...(remove === undefined ? {} : { remove: remove.map(keyOf) }),
    ...(contributors === undefined
      ? {}
      : { contributors: typeof contributors === 'string' ? contributors : contributors.map(keyOf) }),
    ...(gate === undefined ? {} : { gate: gate === null ? null : { maxDrop: Math.round(gate.maxDrop * BILLION) } }),
    ...(rollback === undefined ? {} : { rollback: { base: cidOf(rollback.base) } }),
  }
}

function keyOf(text: string): Uint8Array {
  const key = fromHex(text.trim().toLowerCase())
  if (key?.length === 32) return key
  throw new ColdmeshError('bad-input', `A key has 64 hexadecimal digits, not ${JSON.stringify(text.slice(0, 80))}.`, {
    hint: "`coldmesh init` prints the key of a machine; `coldmesh status --json` has the members'.",
  })
}

function cidOf(text: string): CID {
  try {
    return CID.parse(text)
  } catch (cause) {
    throw new ColdmeshError('bad-input', `${JSON.stringify(text.slice(0, 80))} is no CID.`, {
      hint: '`coldmesh log` prints the CIDs of bases.',
      cause,
    })
  }
}

/** A change as people and programs see it. */
export function describeChange({
  add,
  remove,
  contributors,
  gate,
  round,
  rollback,
  ...others
}: Change): AmendmentChange {
  return {
    ...others,
    ...(round === undefined ? {} : { round }),
    ...(add === undefined ? {} : { add: add.map(named) }),
    ...(remove === undefined ? {} : { remove: remove.map(toHex) }),
    ...(contributors === undefined ? {} : { contributors: describeContributors(contributors) }),
    ...(gate === undefined ? {} : { gate: describeGate(gate) }),
    ...(rollback === undefined ? {} : { rollback: { base: String(rollback.base) } }),
  }
}

const named = ({ name, key }: { readonly name: string; readonly key: Uint8Array }) => ({ name, key: toHex(key) })

function describeContributors(contributors: NetworkFacts['terms']['contributors']): TermsStatus['contributors'] {
  return typeof contributors === 'string' ? contributors : contributors.map(toHex)
}

const describeGate = (gate: { readonly maxDrop: number } | null) =>
  gate === null ? null : { maxDrop: gate.maxDrop / BILLION }

/** What is in force in a round. */
export function describeTerms({ terms, quorum }: NetworkFacts): TermsStatus {
  return {
    committee: terms.committee.map(named),
    quorum: terms.quorum,
    votes: quorum,
    contributors: describeContributors(terms.contributors),
    round: terms.round,
    gate: describeGate(terms.gate),
    rule: formatRule(terms.fusion),
  }
}
