import { toHex } from '../../../protocols/wire/bytes.ts'
import { decodeCanonical, encodeCanonical, MalformedError } from '../../../protocols/wire/codec.ts'
import { hashParts, isAcceptableKey } from '../../../protocols/wire/crypto.ts'
import {
  aggregatorOf,
  faultsOf,
  lotteryTicket,
  quorumOf,
  rankCommittee,
  roundSeed,
} from '../../../protocols/wire/election.ts'
import { PAYLOAD_TYPE, preAuthentication } from '../../../protocols/wire/envelope.ts'
import { encodePoint, encodeRaw, smallOrderPoints } from '../../support/protocols/ed25519.ts'
import { testCid, testKeys, testNetwork } from '../../support/protocols/network.ts'
import { bytesOf } from '../../support/protocols/vectors.ts'
import { freeze, rejected, wrong } from './file.ts'
import { fromHexOrFail, NOT_OBJECTS, TOO_DEEP, tooLong, WRONG_CIDS, WRONG_TEXTS, WRONG_UINTS } from './malformed.ts'
import { signatureVectors } from './signatures.ts'

const MAX_BYTES = 200_000
const P = 2n ** 255n - 19n

const VALUES: readonly (readonly [string, unknown])[] = [
  ['zero', 0],
  ['2^53 - 1', Number.MAX_SAFE_INTEGER],
  ['minus one', -1],
  ['empty text', ''],
  ['text', 'Zürich 東京 🦊'],
  ['bytes', Uint8Array.of(1, 2, 3)],
  ['null', null],
  ['booleans', [true, false]],
  ['keys by length, then bytewise', { b: 1, aa: 2, c: 3, ab: 4 }],
  ['a CID', testCid('base')],
  ['16 lists in each other', Array.from({ length: 15 }).reduce<unknown>((inner) => [inner], [])],
]

function makeCodec(): void {
  // Wrong for a field, right for the codec, which knows no fields.
  const isCodecs = ({ reason }: { reason: string }) => reason !== 'bad-field'
  const values = [...WRONG_UINTS, ...WRONG_CIDS, ...WRONG_TEXTS].map(([name, reason, value]) =>
    wrong(name, reason, value),
  )
  const all = [...values, ...NOT_OBJECTS].filter(isCodecs)
  const vectors = [
    ...all,
    TOO_DEEP,
    tooLong(MAX_BYTES),
    wrong('17 lists in each other', 'too-deep', fromHexOrFail(`${'81'.repeat(16)}80`)),
  ].map(rejected)
  for (const vector of vectors) {
    const said = reasonOf(() => decodeCanonical(bytesOf(vector), MAX_BYTES))
    if (said !== vector.reason) throw new Error(`${vector.name}: ${said} instead of ${vector.reason}`)
  }
  freeze('wire/codec.v1.json', {
    maxBytes: MAX_BYTES,
    accepted: VALUES.map(([name, value]) => ({ name, hex: toHex(encodeCanonical(value)) })),
    rejected: vectors,
  })
}

function reasonOf(action: () => unknown): string | null {
  try {
    action()
    return null
  } catch (error) {
    if (error instanceof MalformedError) return error.reason
    throw error
  }
}

function makeKeys(): void {
  const smallOrder = smallOrderPoints().map(encodePoint)
  const notCanonical = Array.from({ length: 19 }, (_, y) =>
    [0n, 1n].map((sign) => encodeRaw(P + BigInt(y), sign)),
  ).flat()
  const signedZero = [encodeRaw(1n, 1n), encodeRaw(P - 1n, 1n)]
  freeze('wire/keys.v1.json', {
    accepted: testKeys(4).map(({ name, publicKey }) => ({ name, hex: toHex(publicKey) })),
    rejected: [
      ...smallOrder.map((key, i) => ({ name: `small order, ${i} times the generator`, hex: toHex(key) })),
      ...signedZero.map((key) => ({ name: 'x = 0 with a sign', hex: toHex(key) })),
      ...notCanonical.map((key) => ({ name: 'y of p or more', hex: toHex(key) })),
      { name: '31 bytes', hex: '01'.repeat(31) },
      { name: '33 bytes', hex: '01'.repeat(33) },
    ],
  })
  if (![...smallOrder, ...signedZero, ...notCanonical].every((key) => !isAcceptableKey(key))) throw new Error('a key')
}

function makeElection(): void {
  const { network, members } = testNetwork({ members: 7 })
  const keys = members.map(({ publicKey }) => publicKey)
  const rounds = [1, 2, 3, 1000, Number.MAX_SAFE_INTEGER].map((round) => {
    const seed = roundSeed(network, round)
    const rank = rankCommittee(keys, seed)
    const tickets = testKeys(3, 'contributor').map(({ publicKey }) => ({
      author: toHex(publicKey),
      ticket: toHex(lotteryTicket(publicKey, seed)),
    }))
    const aggregators = [0, 1, 6, 7, 1_000_000].map((view) => ({ view, key: toHex(aggregatorOf(rank, view)) }))
    return { round, seed: toHex(seed), rank: rank.map(toHex), aggregators, tickets }
  })
  freeze('wire/election.v1.json', {
    network: String(network),
    committee: keys.map(toHex),
    hashes: [
      { parts: [], hex: toHex(hashParts()) },
      { parts: ['ab', 'c'], hex: toHex(hashParts('ab', 'c')) },
      { parts: ['a', 'bc'], hex: toHex(hashParts('a', 'bc')) },
      { parts: ['é', 258], hex: toHex(hashParts('é', 258)) },
    ],
    quorums: Array.from({ length: 64 }, (_, i) => i + 1).flatMap((members) =>
      (['byzantine', 'crash'] as const).map((kind) => ({
        members,
        kind,
        quorum: quorumOf(members, kind),
        faults: faultsOf(members, kind),
      })),
    ),
    rounds,
  })
}

function makeEnvelope(): void {
  const payloads = ['', 'a0', encodeHex({ kind: 'prevote/1' }), '00'.repeat(1000)]
  freeze('wire/pre-authentication.v1.json', {
    payloadType: PAYLOAD_TYPE,
    vectors: payloads.map((payload) => ({ payload, signed: toHex(preAuthentication(fromHexOrFail(payload))) })),
  })
}

const encodeHex = (value: unknown) => toHex(encodeCanonical(value))

export function makeWire(): void {
  makeCodec()
  makeKeys()
  makeElection()
  makeEnvelope()
  freeze('wire/ed25519.v1.json', { vectors: signatureVectors() })
}
