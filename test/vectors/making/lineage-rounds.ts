import { EXCLUSION_REASONS } from '../../../protocols/lineage/messages.ts'
import { certify } from '../../../protocols/round/certificate.ts'
import { lineageFields, type TestRound } from '../../support/protocols/lineage.ts'
import { contributionBy, listBy, precommitsBy } from '../../support/protocols/messages.ts'
import { type TestKey, type TestNetwork, testCid, testKey, testNetwork } from '../../support/protocols/network.ts'

/** Weights after fusion: no verifier of lineages recomputes them. */
export const weights = testCid('fused weights', 'file')
const baseWeights = testCid('base weights', 'file')
const author = (name: string) => testKey(`author ${name}`)

export function fourMembers({ members: [m0, m1, m2, m3] }: TestNetwork): readonly [TestKey, TestKey, TestKey, TestKey] {
  if (!m0 || !m1 || !m2 || !m3) throw new Error('four members')
  return [m0, m1, m2, m3]
}

/** Round 1: parent is the genesis' base, which needs no certificate. */
export const first = (() => {
  const net = testNetwork()
  const a = contributionBy(author('a'), net)
  const round: TestRound = { net, round: 1, base: net.genesis.base, baseWeights }
  return { net, round, a, lists: net.members.slice(0, 3).map((member) => listBy(member, net, [a])) }
})()

/** Round 2 with two inputs, a copy that loses, and one that only a single list names. */
export const second = (() => {
  const net = testNetwork({ round: { minContributions: 2, maxContributions: 4 } })
  const members = fourMembers(net)
  const base = testCid('base of round 2')
  const stale = testCid('an old checkpoint', 'file')
  const round: TestRound = { net, round: 2, base, baseWeights, recent: [stale] }
  const of = (name: string, overrides: Parameters<typeof contributionBy>[2] = {}) =>
    contributionBy(author(name), net, { round: 2, parent: base, ...overrides })
  const a = of('a')
  const b = of('b')
  const copy = of('copy', { checkpoint: a.message.checkpoint })
  const once = of('once')
  const list = (member: TestKey, contributions: Parameters<typeof listBy>[2]) =>
    listBy(member, net, contributions, { round: 2, parent: base })
  const [m0, m1, m2] = members
  const vote = { network: net.network, round: 1, view: 0, base }
  const certified = (overrides: Partial<typeof vote>) => certify(precommitsBy(members, { ...vote, ...overrides }), 3)
  return {
    net,
    members,
    round,
    a,
    b,
    copy,
    once,
    stale: of('stale', { checkpoint: stale }),
    otherSize: of('size', { bytes: 1025 }),
    vouched: of('vouched', { voucher: new Uint8Array(4) }),
    lists: [list(m0, [a, b, copy]), list(m1, [a, b, copy]), list(m2, [a, b, once])] as const,
    certificate: certified({}),
    otherBases: certified({ base: testCid('elsewhere') }),
    otherRounds: certified({ round: 2 }),
    tooFew: certify(precommitsBy(members, vote), 2),
  }
})()

/** Round 2 where contributions drop out for every reason there is. */
export const crowdedRound = (() => {
  const net = testNetwork({ round: { minContributions: 1, maxContributions: 5 } })
  const [m0, m1, m2] = fourMembers(net)
  const base = testCid('base of round 2')
  const recent = [testCid('an old checkpoint', 'file')]
  const round: TestRound = { net, round: 2, base, baseWeights, recent }
  const of = (name: string, overrides: Parameters<typeof contributionBy>[2] = {}) =>
    contributionBy(author(name), net, { round: 2, parent: base, ...overrides })
  const good = ['a', 'b', 'c', 'd', 'e'].map((name) => of(name))
  const sixth = of('f')
  const again = of('a', { checkpoint: testCid('a second one by a', 'file') })
  const copy = of('copy', { checkpoint: testCid('checkpoint of author b', 'file') })
  const late = of('late', { parent: net.genesis.base })
  const replay = of('replay', { checkpoint: recent[0] ?? baseWeights })
  const idle = of('idle', { checkpoint: baseWeights })
  const list = (member: TestKey, contributions: Parameters<typeof listBy>[2]) =>
    listBy(member, net, contributions, { round: 2, parent: base })
  const lists = [
    list(m0, [...good, sixth, late, replay, idle]),
    list(m1, [...good, sixth, again, copy, late, replay]),
    list(m2, [...good.slice(0, 2), sixth, again, copy, idle]),
  ]
  const certificate = certify(precommitsBy(net.members, { network: net.network, round: 1, view: 3, base }), 3)
  const all = [...good, sixth, again, copy, late, replay, idle]
  const fields = lineageFields(round, lists, all, { parentCertificate: certificate, weights })
  const reasons = fields.excluded.map(({ reason }) => reason)
  if (!EXCLUSION_REASONS.every((reason) => reasons.includes(reason))) throw new Error(`only ${reasons}`)
  return { net, round, fields }
})()
