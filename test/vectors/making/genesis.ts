import { genesis } from '../../../protocols/genesis/messages.ts'
import { byteString, entriesOf, map, text } from '../../support/protocols/cbor.ts'
import { encodeRaw, toBytes } from '../../support/protocols/ed25519.ts'
import { testCid, testKeys, testNetwork } from '../../support/protocols/network.ts'
import { acceptedObject, freezeKind, rejected, type Wrong, wrong } from './file.ts'
import { malformedMaps, NOT_OBJECTS, tooLong, withValue } from './malformed.ts'

const plain = testNetwork()
const [first, ...others] = testKeys(4)
if (!first) throw new Error('a key')

const withKey = (publicKey: Uint8Array) => testNetwork({ members: [{ ...first, publicKey }, ...others] }).bytes

/** Facts that fields alone do not show: SPEC 2. */
const BREAKS_A_RULE: readonly Wrong[] = [
  wrong(
    '2.1 a key twice',
    'duplicate-member-key',
    testNetwork({ members: [first, { ...first, name: 'again' }] }).bytes,
  ),
  wrong(
    '2.1 a name twice',
    'duplicate-member-name',
    testNetwork({ members: [...others, { ...first, name: 'member-1' }] }).bytes,
  ),
  wrong('2.2 an all-zero key', 'bad-member-key', withKey(new Uint8Array(32))),
  wrong('2.2 the identity as key', 'bad-member-key', withKey(toBytes(1n))),
  wrong('2.2 a key of order 2', 'bad-member-key', withKey(toBytes(2n ** 255n - 20n))),
  wrong('2.2 a key with y = p + 3', 'bad-member-key', withKey(encodeRaw(2n ** 255n - 16n, 0n))),
  wrong(
    '2.2 an all-zero contributor',
    'bad-contributor-key',
    testNetwork({ contributors: [new Uint8Array(32)] }).bytes,
  ),
  wrong(
    '2.3 more needed than taken',
    'min-above-max',
    testNetwork({ round: { minContributions: 9, maxContributions: 8 } }).bytes,
  ),
  wrong('2.5 an unknown rule', 'unsupported-rule', testNetwork({ fusion: { rule: 'median/2', params: {} } }).bytes),
  wrong(
    '2.5 unknown parameters',
    'unsupported-fusion-params',
    testNetwork({ fusion: { rule: 'mean/1', params: { eta: 1 } } }).bytes,
  ),
  wrong(
    '2.10 parents beyond the history',
    'staleness-above-history',
    testNetwork({ round: { maxStaleness: 8, historyRounds: 8, keepRounds: 64 } }).bytes,
  ),
  wrong('2.11 parents that nobody keeps', 'keep-below-history', testNetwork({ round: { maxStaleness: 1 } }).bytes),
]

const field = (name: string, value: Uint8Array) => map(withValue(entriesOf(plain.bytes), name, value))

export function makeGenesis(): void {
  freezeKind('genesis/genesis.v1.json', {
    kind: genesis.kind,
    carrier: 'object',
    accepted: [
      acceptedObject('four members, byzantine', plain.bytes),
      acceptedObject('one member', testNetwork({ members: 1 }).bytes),
      acceptedObject(
        '64 members, 64 contributions',
        testNetwork({ members: 64, round: { maxContributions: 64 } }).bytes,
      ),
      acceptedObject('two members, crash', testNetwork({ members: 2, quorum: 'crash' }).bytes),
      acceptedObject(
        'listed contributors',
        testNetwork({ contributors: testKeys(3, 'contributor').map((key) => key.publicKey) }).bytes,
      ),
      acceptedObject('a fork', testNetwork({ forkOf: testCid('old base') }).bytes),
      acceptedObject('a gate', testNetwork({ gate: { maxDrop: 10_000_000 } }).bytes),
      acceptedObject(
        'late contributions',
        testNetwork({ round: { maxStaleness: 7, historyRounds: 8, keepRounds: 8 } }).bytes,
      ),
      acceptedObject('names in other scripts', testNetwork({ name: 'Zürich 東京 Ωμέγα 🦊' }).bytes),
    ],
    rejected: [
      ...BREAKS_A_RULE,
      ...malformedMaps(plain.bytes, { uint: 'bytes', cid: 'base', bytes: 'header', text: 'name', required: 'quorum' }),
      ...NOT_OBJECTS,
      tooLong(genesis.maxBytes),
      wrong('another kind', 'bad-field', field('kind', text('genesis/2'))),
      wrong('no members', 'bad-field', field('committee', Uint8Array.of(0x80))),
      wrong('an unknown quorum', 'bad-field', field('quorum', text('most'))),
      wrong('an unknown card', 'bad-field', field('card', text('card/2'))),
      wrong('no contributors at all', 'bad-field', field('contributors', Uint8Array.of(0x80))),
      wrong('contributors by a word', 'bad-field', field('contributors', text('anyone'))),
      wrong('a fork of a message', 'bad-field', field('forkOf', byteString(testCid('x', 'message').bytes))),
    ].map(rejected),
  })
}

const fusion = (rule: string, params: Readonly<Record<string, number>> = {}, minContributions = 2) =>
  testNetwork({ fusion: { rule, params }, round: { minContributions } }).bytes

/** Rules of fusion and their parameters: SPEC 2.5, 2.12 and 2.13. */
export function makeGenesisFusion(): void {
  freezeKind('genesis/fusion.v1.json', {
    kind: genesis.kind,
    carrier: 'object',
    accepted: [
      acceptedObject('mean with a step', fusion('mean/1', { step: 999_999_999 })),
      acceptedObject('clipped mean', fusion('clipped-mean/1')),
      acceptedObject('clipped mean with a step', fusion('clipped-mean/1', { step: 1 })),
      acceptedObject('weighted mean', fusion('weighted-mean/1', { maxRows: 1_000_000_000 })),
      acceptedObject('trimmed mean', fusion('trimmed-mean/1', { trim: 1 }, 3)),
      acceptedObject('median', fusion('median/1')),
      acceptedObject('ties', fusion('ties/1', { density: 200_000_000 })),
      acceptedObject('ties, all parameters', fusion('ties/1', { density: 1, scale: 1_000_000_000, step: 500_000_000 })),
    ],
    rejected: [
      wrong('2.5 another version', 'unsupported-rule', fusion('ties/2', { density: 1 })),
      wrong('2.5 a name that objects have', 'unsupported-rule', fusion('constructor')),
      wrong("2.5 another rule's parameter", 'unsupported-fusion-params', fusion('median/1', { trim: 1 })),
      wrong('2.5 a parameter beside the right ones', 'unsupported-fusion-params', fusion('ties/1', { density: 1, k: 1 })),
      wrong('2.12 a step of nothing', 'bad-fusion-params', fusion('mean/1', { step: 0 })),
      wrong('2.12 a step of all', 'bad-fusion-params', fusion('mean/1', { step: 1_000_000_000 })),
      wrong('2.12 no rows', 'bad-fusion-params', fusion('weighted-mean/1')),
      wrong('2.12 no row', 'bad-fusion-params', fusion('weighted-mean/1', { maxRows: 0 })),
      wrong('2.12 too many rows', 'bad-fusion-params', fusion('weighted-mean/1', { maxRows: 1_000_000_001 })),
      wrong('2.12 no trim', 'bad-fusion-params', fusion('trimmed-mean/1')),
      wrong('2.12 a trim of nothing', 'bad-fusion-params', fusion('trimmed-mean/1', { trim: 0 })),
      wrong('2.12 a trim that leaves none of 64', 'bad-fusion-params', fusion('trimmed-mean/1', { trim: 32 })),
      wrong('2.12 no density', 'bad-fusion-params', fusion('ties/1', { scale: 1 })),
      wrong('2.12 more than all', 'bad-fusion-params', fusion('ties/1', { density: 1_000_000_001 })),
      wrong('2.12 a scale above one', 'bad-fusion-params', fusion('ties/1', { density: 1, scale: 1_000_000_001 })),
      wrong('2.13 a trim of all that a round needs', 'trim-above-min', fusion('trimmed-mean/1', { trim: 1 }, 2)),
    ].map(rejected),
  })
}
