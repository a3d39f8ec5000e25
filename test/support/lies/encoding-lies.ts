import { joinBytes } from '../../../protocols/wire/bytes.ts'
import { idOf } from '../../../protocols/wire/codec.ts'
import { openBase } from '../../../src/checkpoint/base.ts'
import { addRound, type TestChain } from '../history/build-chain.ts'
import { type Entry, entriesOf, head, inKeyOrder, map } from '../protocols/cbor.ts'
import { withLineage } from './base-lies.ts'
import type { ToldLie } from './lie.ts'

/** The same statement in other bytes, and statements that no field can hold: of a lineage, a certificate, a genesis. */

const replaced = (entries: readonly Entry[], key: string, value: Uint8Array) =>
  map(entries.map((entry) => (entry[0] === key ? [key, value] : entry)))
const linkIn = (bytes: Uint8Array) => (entriesOf(bytes).some(([key]) => key === 'network') ? 'network' : 'base')
const numberIn = (bytes: Uint8Array) => (entriesOf(bytes).some(([key]) => key === 'round') ? 'round' : 'bytes')

const ENCODINGS: Readonly<Record<string, (honest: Uint8Array) => Uint8Array>> = {
  'an integer longer than it must be': (honest) => replaced(entriesOf(honest), numberIn(honest), head('uint', 2, 8)),
  'a head of the map longer than it must be': (honest) =>
    joinBytes([head('map', entriesOf(honest).length, 1), honest.subarray(1)]),
  'keys in another order': (honest) => map(entriesOf(honest).toReversed()),
  'a key twice': (honest) => map(entriesOf(honest).flatMap((entry, i) => (i === 0 ? [entry, entry] : [entry]))),
  'a float': (honest) => replaced(entriesOf(honest), numberIn(honest), Uint8Array.of(0xfb, 0x40, 0, 0, 0, 0, 0, 0, 0)),
  undefined: (honest) => replaced(entriesOf(honest), numberIn(honest), Uint8Array.of(0xf7)),
  'a negative number': (honest) => replaced(entriesOf(honest), numberIn(honest), head('negative', 0)),
  'a number beyond 2^53': (honest) =>
    replaced(entriesOf(honest), numberIn(honest), Uint8Array.of(0x1b, 0, 0x20, 0, 0, 0, 0, 0, 0)),
  'a byte after the end': (honest) => joinBytes([honest, Uint8Array.of(0)]),
  'the last byte missing': (honest) => honest.subarray(0, -1),
  'no definite length': (honest) => joinBytes([Uint8Array.of(0xbf), honest.subarray(1), Uint8Array.of(0xff)]),
  'a field that there is not': (honest) => map(inKeyOrder([...entriesOf(honest), ['zz', head('uint', 0)]])),
  'a field missing': (honest) => map(entriesOf(honest).slice(1)),
  'another tag': (honest) => replaced(entriesOf(honest), linkIn(honest), joinBytes([head('tag', 43), head('uint', 0)])),
  nothing: () => new Uint8Array(),
  'lists within lists': () => new Uint8Array(100_000).fill(0x81),
}

export async function* encodingLies(chain: TestChain): AsyncGenerator<ToldLie> {
  const honest = await addRound(chain, { seeds: [4, 5] })
  const { store, entries, head, net } = honest
  const { lineage } = await openBase(head.base, store.get)
  const certificate = entries.at(-1)?.certificate
  if (lineage === null || certificate === undefined) throw new Error('a base of a round has both')
  const bytes = await store.get(lineage)
  for (const [name, encode] of Object.entries(ENCODINGS)) {
    const foundAt = 'signatures' as const
    yield {
      name: `a lineage: ${name}`,
      chain: await withLineage(honest, encode(bytes)),
      round: 2,
      link: 'lineage',
      foundAt,
    }
    const signed = encode(certificate)
    if (signed.length <= 16_384) {
      yield {
        name: `a certificate: ${name}`,
        chain: honest,
        certificate: signed,
        round: 2,
        link: 'certificate',
        foundAt,
      }
    }
    const genesis = encode(net.bytes)
    const other = { ...net, bytes: genesis, network: idOf(genesis) }
    yield {
      name: `a genesis: ${name}`,
      chain: { ...chain, net: other, entries: [] },
      round: 0,
      link: 'genesis',
      foundAt,
    }
  }
}
