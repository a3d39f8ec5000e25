import { encodeEvidence } from '../../../protocols/round/evidence.ts'
import { prevote } from '../../../protocols/round/messages.ts'
import { toHex } from '../../../protocols/wire/bytes.ts'
import { idOf } from '../../../protocols/wire/codec.ts'
import { sign, type TestKey, testCid, testKey, testNetwork } from '../../support/protocols/network.ts'
import { type HeardSituation, judgeHeardEvidenceIn } from '../../support/protocols/situations.ts'
import { freeze, stated } from './file.ts'

const net = testNetwork()
const { network, members } = net
const [key, other] = members
if (!key || !other) throw new Error('two members')

const pairOf = (round: number, by: TestKey = key, bases = ['x', 'y']) => {
  const [one, two] = bases.map((base) => sign(prevote, { network, round, view: 0, base: testCid(base) }, by))
  if (!one || !two) throw new Error('two votes')
  return encodeEvidence(network, one, two)
}
const slot = (by: TestKey, round: number) => ({ author: toHex(by.publicKey), round })
const slots = (by: TestKey, count: number) => Array.from({ length: count }, (_, i) => slot(by, i + 1))

/** Round 3 is being run: the committees of rounds up to 4 are known, and the last one has lost a member. */
const situation: HeardSituation = {
  committees: [
    { from: 1, members: members.map(({ publicKey }) => toHex(publicKey)) },
    { from: 4, members: members.slice(1).map(({ publicKey }) => toHex(publicKey)) },
  ],
  lastRound: 4,
  known: [],
  held: [],
}

type Case = readonly [name: string, bytes: Uint8Array, view: Partial<HeardSituation>, verdict: string, reason?: string]

const CASES: readonly Case[] = [
  ['news', pairOf(3), {}, 'accept'],
  ['news of a round long past', pairOf(1), {}, 'accept'],
  ['a second member of one round', pairOf(3, other), { held: [slot(key, 3)] }, 'accept'],
  ['a second round of one member', pairOf(3), { held: [slot(key, 2)] }, 'accept'],
  ['the sixteenth pair of a member', pairOf(3, other), { held: slots(other, 16).filter(({ round }) => round !== 3) }, 'accept'],
  ['5.6 nobody of the committee', pairOf(3, testKey('stranger')), {}, 'reject', 'evidence-not-a-member'],
  ['5.6 a member that is none in that round any more', pairOf(4), {}, 'reject', 'evidence-not-a-member'],
  ['5.8 a round whose committee is not known yet', pairOf(5), {}, 'ignore', 'evidence-future-round'],
  ['5.8 a stranger in such a round', pairOf(5, testKey('stranger')), {}, 'ignore', 'evidence-future-round'],
  ['5.9 the same again', pairOf(3), { known: [String(idOf(pairOf(3)))] }, 'ignore', 'evidence-known'],
  ['5.9 another pair of that member and round', pairOf(3, key, ['x', 'z']), { held: [slot(key, 3)] }, 'ignore', 'evidence-known'],
  ['5.10 the seventeenth pair of a member', pairOf(3), { held: slots(key, 17).filter(({ round }) => round !== 3) }, 'ignore', 'evidence-enough'],
  [
    '5.10 a pair beyond 1,024',
    pairOf(3),
    { held: Array.from({ length: 64 }, (_, i) => slots(testKey(`liar-${i}`), 16)).flat() },
    'ignore',
    'evidence-enough',
  ],
]

export function makeEvidenceHeard(): void {
  freeze('round/evidence-heard.v1.json', {
    network: String(network),
    judged: CASES.map(([name, bytes, changes, verdict, reason]) => {
      const view = { ...situation, ...changes }
      const said = stated(judgeHeardEvidenceIn(bytes, network, view))
      const expected = reason === undefined ? { verdict } : { verdict, reason }
      if (JSON.stringify(said) !== JSON.stringify(expected)) throw new Error(`${name}: ${JSON.stringify(said)}`)
      return { name, ...said, view, hex: toHex(bytes) }
    }),
  })
}
