import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import fc from 'fast-check'
import type { CID } from 'multiformats/cid'
import { isOpenedLineage, openLineage } from '../../../protocols/lineage/rules.ts'
import { CONTRIBUTION_MESSAGES, REGISTRY, REPORT_MESSAGES, VOTE_MESSAGES } from '../../../protocols/registry.ts'
import { openCertificate } from '../../../protocols/round/certificate.ts'
import { joinBytes, toHex } from '../../../protocols/wire/bytes.ts'
import { decodeCanonical, encodeCanonical, MalformedError } from '../../../protocols/wire/codec.ts'
import { isSigned, openEnvelope } from '../../../protocols/wire/envelope.ts'
import { lineageView } from '../../support/protocols/lineage.ts'
import { testCid, testNetwork } from '../../support/protocols/network.ts'
import { testSeed } from '../../support/protocols/seed.ts'
import { bytesOf, readVectors, type VectorFile, vectorPaths } from '../../support/protocols/vectors.ts'

interface AnyMessage {
  readonly kind: string
  readonly network: CID
  readonly author: Uint8Array
}

const net = testNetwork()

/** Valid bytes of every kind, from the vectors. */
const valid = vectorPaths()
  .map((path) => readVectors<Partial<VectorFile>>(path))
  .filter((file) => file.kind !== undefined)
  .flatMap(({ accepted = [] }) => accepted.map(bytesOf))
  .filter(({ length }) => length < 4000)

const known = new Set(valid.map(toHex))

/** Valid bytes after some damage: bits flipped, pieces cut, doubled, inserted or overwritten by telling bytes. */
const mutated = fc
  .tuple(
    fc.constantFrom(...valid),
    fc.array(
      fc.record({
        how: fc.constantFrom('flip', 'cut', 'double', 'insert', 'overwrite', 'end'),
        at: fc.nat(),
        length: fc.nat({ max: 40 }),
        byte: fc.oneof(
          fc.nat({ max: 255 }),
          fc.constantFrom(0x1b, 0x5b, 0x7b, 0x80, 0x9b, 0xa0, 0xbb, 0xd8, 0xf6, 0xf7, 0xfb, 0xff),
        ),
      }),
      { minLength: 1, maxLength: 4 },
    ),
  )
  .map(([bytes, damages]) =>
    damages.reduce((damaged, { how, at, length, byte }) => {
      const from = damaged.length === 0 ? 0 : at % damaged.length
      const [before, piece, after] = [
        damaged.subarray(0, from),
        damaged.subarray(from, from + length),
        damaged.subarray(from + length),
      ]
      if (how === 'flip') return damaged.map((value, i) => (i === from ? value ^ (1 << (byte & 7)) : value))
      if (how === 'cut') return joinBytes([before, after])
      if (how === 'double') return joinBytes([before, piece, piece, after])
      if (how === 'insert') return joinBytes([before, Uint8Array.of(byte), piece, after])
      if (how === 'overwrite') return damaged.map((value, i) => (i === from ? byte : value))
      return before
    }, bytes),
  )

/** Any value that cbor can carry, in a map that looks like a message. */
const anyMap = fc
  .dictionary(
    fc.constantFrom(
      'kind',
      'network',
      'author',
      'round',
      'view',
      'base',
      'payload',
      'signature',
      'signatures',
      'lists',
      '__proto__',
    ),
    fc.oneof(
      fc.constantFrom(...REGISTRY.map(({ declaration }) => declaration.kind)),
      fc
        .anything({ maxDepth: 3, withBigInt: false, withTypedArray: false })
        .map((value) => JSON.parse(JSON.stringify(value ?? null))),
      fc.uint8Array({ maxLength: 70 }),
      fc.constant(net.network),
      fc.constant(testCid('base')),
      fc.maxSafeInteger(),
    ),
    { maxKeys: 8 },
  )
  .map((value) => encodeCanonical(value))

const hostile = fc.oneof(
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 600 }) },
  { weight: 4, arbitrary: mutated },
  { weight: 2, arbitrary: anyMap },
)

/** Bytes either read, or are refused with a MalformedError; whatever reads has one encoding: these bytes. */
function readsOrRefuses(read: (bytes: Uint8Array) => unknown, bytes: Uint8Array): void {
  try {
    assert.deepEqual(encodeCanonical(read(bytes)), bytes)
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error
  }
}

function check(t: TestContext, numRuns: number, judge: (bytes: Uint8Array) => void): void {
  const startedAt = performance.now()
  fc.assert(fc.property(hostile, judge), { seed: testSeed(t), numRuns })
  t.diagnostic(`${numRuns} inputs in ${Math.round(performance.now() - startedAt)} ms`)
}

// Fault 2. A seed and a number of inputs, so a bounded time; test/unit/src/peer/round/inbox.test.ts goes on from here.
describe('hostile bytes', () => {
  it('never get more out of the codec than a MalformedError', (t) => {
    check(t, 3000, (bytes) => readsOrRefuses((input) => decodeCanonical(input, 100_000), bytes))
  })

  it('never get more out of any decoder of the registry', (t) => {
    check(t, 2000, (bytes) => {
      for (const { declaration } of REGISTRY) readsOrRefuses(declaration.decode, bytes)
    })
  })

  it('get a rejection from every topic, unless the damage undid itself', (t) => {
    check(t, 2000, (bytes) => {
      for (const declarations of [CONTRIBUTION_MESSAGES, VOTE_MESSAGES, REPORT_MESSAGES]) {
        const opened = openEnvelope<AnyMessage>(bytes, declarations, net.network)
        if (isSigned(opened)) assert.ok(known.has(toHex(bytes)))
        else assert.ok(opened.verdict === 'reject' && /^[a-z-]+$/.test(opened.reason))
      }
    })
  })

  it('get a rejection as certificate and as lineage', (t) => {
    const committee = { network: net.network, quorum: 3, isMember: () => true }
    const view = lineageView({ net, round: 1, base: net.genesis.base, baseWeights: testCid('weights', 'file') })
    check(t, 2000, (bytes) => {
      if (known.has(toHex(bytes))) return
      const certificate = openCertificate(bytes, committee)
      assert.ok('verdict' in certificate && certificate.verdict === 'reject')
      const lineage = openLineage(bytes, view)
      assert.ok(!isOpenedLineage(lineage) && lineage.verdict === 'reject' && /^[a-z-]+$/.test(lineage.reason))
    })
  })
})
