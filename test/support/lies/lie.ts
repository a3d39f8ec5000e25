import { contribution } from '../../../protocols/contribution/messages.ts'
import type { Lineage } from '../../../protocols/lineage/messages.ts'
import { inclusionList } from '../../../protocols/round/messages.ts'
import { compareCids, toHex } from '../../../protocols/wire/bytes.ts'
import { decodeCanonical, encodeCanonical, idOf } from '../../../protocols/wire/codec.ts'
import { bytes, record } from '../../../protocols/wire/fields.ts'
import type { TestChain } from '../history/build-chain.ts'

/** A history with one thing in it that is not so, made with all keys that whoever tells it may have: often a quorum's. */
export interface ToldLie {
  readonly name: string
  readonly chain: TestChain
  /** Of the newest base, where it is not the chain's; null: none comes along. */
  readonly certificate?: Uint8Array | null
  /** The first bad link: its round, and its name where the SPECs name it. */
  readonly round: number
  readonly link: string | null
  /** What the SPECs call it, where that is part of the case. */
  readonly reason?: string
  /** The level from which on it is found. */
  readonly foundAt: 'signatures' | 'sample' | 'full'
}

/** A lineage as it is told, in place of the honest one. */
export type Told = Omit<Lineage, 'kind'>
export type Tell = (honest: Told, chain: TestChain) => Told | Promise<Told>

export const first = <T>(items: readonly T[]): T => {
  const [item] = items
  if (item === undefined) throw new Error('there is one')
  return item
}

export const replaceFirst = <T>(items: readonly T[], change: (item: T) => T): T[] =>
  items.map((item, i) => (i === 0 ? change(item) : item))

const envelopeFields = record({ payload: bytes({ atMost: 10_000 }), signature: bytes({ exactly: 64 }) })

/** An envelope's parts, whatever its signature is worth. */
export const openPlain = (envelope: Uint8Array) => envelopeFields.read(decodeCanonical(envelope, 20_000), 'envelope')

export const resigned = (envelope: Uint8Array, change: (signature: Uint8Array) => Uint8Array): Uint8Array => {
  const { payload, signature } = openPlain(envelope)
  return encodeCanonical({ payload, signature: change(signature) })
}

export const idIn = (envelope: Uint8Array) => idOf(openPlain(envelope).payload)

/** The link of the first input, and of the first list. */
export const inputLink = ({ inputs }: Pick<Lineage, 'inputs'>) => `contribution ${idIn(first(inputs))}`
export const listLink = ({ lists }: Pick<Lineage, 'lists'>) =>
  `list ${toHex(inclusionList.decode(openPlain(first(lists)).payload).author)}`

export const contributionIn = (envelope: Uint8Array) => contribution.decode(openPlain(envelope).payload)
export const listIn = (envelope: Uint8Array) => inclusionList.decode(openPlain(envelope).payload)
export const byId = (envelopes: readonly Uint8Array[]): Uint8Array[] =>
  [...envelopes].sort((a, b) => compareCids(idIn(a), idIn(b)))
