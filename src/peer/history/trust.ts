import { equalBytes, fromHex, toHex } from '../../../protocols/wire/bytes.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import type { NetworkFacts } from '../../rounds/network.ts'
import type { TrustReport, VerifyOptions } from '../verify-types.ts'
import type { Failure } from './bad-link.ts'

const KEY_BYTES = 32

export interface TrustFacts {
  /** What is in force in the base's round. */
  readonly facts: NetworkFacts
  /** Of the base. */
  readonly round: number
  /** Of the base's own certificate, which a quorum signed. */
  readonly signers: readonly Uint8Array[]
}

/** What the caller's trust comes to. What was named and does not hold is a failure. */
export function judgeTrust(
  { trust, trustKeys = [] }: Pick<VerifyOptions, 'trust' | 'trustKeys'>,
  { facts, round, signers }: TrustFacts,
): { readonly trusted: boolean; readonly trust: TrustReport; readonly failures: readonly Failure[] } {
  const named = readKeys(trustKeys)
  const genesis = trust === undefined ? null : trust === String(facts.id)
  const signed = signers.filter((signer) => named.some((key) => equalBytes(key, signer))).length
  const need = facts.threshold
  const keys = named.length === 0 ? null : { named: named.length, signed, need }
  const failures: Failure[] = []
  if (genesis === false) {
    const reason = `not-trusted: the genesis is ${facts.id}, the caller trusts ${trust}.`
    failures.push({ round: 0, link: 'genesis', reason })
  }
  const areEnough = keys === null || (round > 0 && signed >= need)
  if (!areEnough) failures.push(notSigned(round, signed, need))
  const isNamed = genesis !== null || keys !== null
  return { trusted: isNamed && genesis !== false && areEnough, trust: { genesis, keys }, failures }
}

function notSigned(round: number, signed: number, need: number): Failure {
  if (round > 0) {
    const reason = `not-trusted: ${signed} of the keys that the caller trusts signed this base, ${need} are needed.`
    return { round, link: 'certificate', reason }
  }
  const reason = 'not-trusted: nobody signs the base of round 0, so no key speaks for it: name the genesis instead.'
  return { round, link: 'genesis', reason }
}

/** Each once. @throws ColdmeshError `bad-input` */
export function readKeys(texts: readonly string[]): readonly Uint8Array[] {
  const keys = texts.map((text) => {
    const key = fromHex(text)
    if (key?.length === KEY_BYTES) return key
    throw new ColdmeshError('bad-input', `${JSON.stringify(text)} is not the key of a member.`, {
      hint: 'a key has 64 hex digits; `coldmesh members` prints those of a committee',
    })
  })
  return [...new Map(keys.map((key) => [toHex(key), key])).values()]
}
