import { type Contribution, contribution } from '../../../protocols/contribution/messages.ts'
import type { Genesis } from '../../../protocols/genesis/messages.ts'
import type { Lineage } from '../../../protocols/lineage/messages.ts'
import { ratification } from '../../../protocols/membership/messages.ts'
import { addRound, startChain, type TestChain } from '../history/build-chain.ts'
import { SMALL_LAYOUT } from '../history/checkpoints.ts'
import { amendmentOf, approvalsBy, type Change, ratifiedBy } from '../protocols/amendments.ts'
import { contributionBy, voucherBy } from '../protocols/messages.ts'
import { sign, type TestKey, testCid, testKey, testKeys } from '../protocols/network.ts'
import { SMALL_ORDER_KEY, withLargeScalar } from './forgeries.ts'
import { byId, contributionIn, first, type ToldLie } from './lie.ts'

/** Amendments that were not agreed on, or that no network can have; vouchers that nobody gave. */

type Card = Pick<Genesis, 'card'>
type Ratification = (chain: TestChain) => Uint8Array
const three = ({ net }: TestChain) => net.members.slice(0, 3)
const by = (
  chain: TestChain,
  change: Change,
  keys: readonly TestKey[] = three(chain),
  previous: Parameters<typeof ratifiedBy>[3] = null,
) => ratifiedBy(keys, chain.net, change, previous)
const HARMLESS: Change = { round: { collectMs: 5 } }

function withSignatures(chain: TestChain, change: (signature: Uint8Array) => Uint8Array): Uint8Array {
  const { kind: _, ...fields } = ratification.decode(by(chain, HARMLESS))
  const signatures = fields.signatures.map((each) => ({ ...each, signature: change(each.signature) }))
  return ratification.encode({ ...fields, signatures })
}

const RATIFICATIONS: Readonly<Record<string, Ratification>> = {
  'an amendment with too few approvals': (chain) => by(chain, HARMLESS, chain.net.members.slice(0, 2)),
  'an amendment with more approvals than a quorum': (chain) => by(chain, HARMLESS, chain.net.members),
  'an amendment approved by a stranger': (chain) =>
    by(chain, HARMLESS, [...chain.net.members.slice(0, 2), ...testKeys(1, 'stranger')]),
  'an amendment approved with S + L': (chain) => withSignatures(chain, withLargeScalar),
  'an amendment whose approvals are of another': (chain) => {
    const { kind: _, ...fields } = ratification.decode(by(chain, HARMLESS))
    const signatures = approvalsBy(three(chain), chain.net, amendmentOf(chain.net, { round: { collectMs: 6 } }))
    const sorted = [...signatures].sort((a, b) => Buffer.compare(a.message.author, b.message.author))
    return ratification.encode({
      ...fields,
      signatures: sorted.map(({ message, signature }) => ({ author: message.author, signature })),
    })
  },
  'an amendment that follows another': (chain) => by(chain, HARMLESS, three(chain), testCid('before', 'message')),
  'an amendment of another network': (chain) =>
    ratifiedBy(three(chain), { network: testCid('other', 'message') }, HARMLESS),
  'an amendment that removes who is no member': (chain) => by(chain, { remove: [testKey('stranger').publicKey] }),
  'an amendment that removes everybody': (chain) =>
    by(chain, { remove: chain.net.members.map(({ publicKey }) => publicKey) }),
  'an amendment that removes a member twice': (chain) =>
    by(chain, { remove: [first(chain.net.members).publicKey, first(chain.net.members).publicKey] }),
  'an amendment that adds a member again': (chain) =>
    by(chain, { add: [{ name: 'again', key: first(chain.net.members).publicKey }] }),
  'an amendment that adds a key of small order': (chain) =>
    by(chain, { add: [{ name: 'identity', key: SMALL_ORDER_KEY }] }),
  'an amendment to a rule that there is not': (chain) => by(chain, { fusion: { rule: 'mean/2', params: {} } }),
  'an amendment to more inputs needed than taken': (chain) =>
    by(chain, { round: { minContributions: 64, maxContributions: 1 } }),
  'an amendment that changes nothing': (chain) => by(chain, {}),
  'a ratification that is noise': () => Uint8Array.of(0xa0),
  'an amendment that is noise': (chain) => {
    const { kind: _, ...fields } = ratification.decode(by(chain, HARMLESS))
    return ratification.encode({ ...fields, amendment: Uint8Array.of(0xa0) })
  },
}

const VOUCHERS: Readonly<
  Record<string, (chain: TestChain, member: TestKey, contributor: TestKey) => Uint8Array | null>
> = {
  'no voucher': () => null,
  'a voucher for another': ({ net }, member) => voucherBy(member, net, testKey('other')).envelope,
  'a voucher for later rounds': ({ net }, member, who) => voucherBy(member, net, who, { from: 2, until: 5 }).envelope,
  'a voucher for too many rounds': ({ net }, member, who) =>
    voucherBy(member, net, who, { from: 1, until: 10_001 }).envelope,
  'a voucher that ends before it begins': ({ net }, member, who) =>
    voucherBy(member, net, who, { from: 2, until: 1 }).envelope,
  'a voucher by oneself': ({ net }, _, who) => voucherBy(who, net, who).envelope,
  'a voucher of another network': (_, member, who) =>
    voucherBy(member, { network: testCid('other', 'message') }, who).envelope,
  'a contribution in place of a voucher': ({ net }, _, who) => contributionBy(who, net).envelope.subarray(0, 400),
}

async function* ofVouchers(card: Card): AsyncGenerator<ToldLie> {
  const start = await startChain('vouched', { ...card, contributors: 'vouched' }, SMALL_LAYOUT)
  const member = first(start.net.members)
  const contributor = testKey('contributor 1')
  for (const [name, make] of Object.entries(VOUCHERS)) {
    const given = make(start, member, contributor)
    const retold = (envelope: Uint8Array): Uint8Array => {
      const { voucher: _, kind: __, ...fields } = contributionIn(envelope)
      if (Buffer.compare(fields.author, contributor.publicKey) !== 0) return envelope
      return sign(contribution, { ...fields, ...(given === null ? {} : { voucher: given }) }, contributor).envelope
    }
    const chain = await addRound(start, {
      voucherFor: (key) => voucherBy(member, start.net, key).envelope,
      lie: { lineage: (honest) => ({ ...honest, inputs: byId(honest.inputs.map(retold)) }) },
    })
    yield { name, chain, round: 1, link: 'contribution', foundAt: 'signatures' }
  }
}

async function* ofContributors(card: Card): AsyncGenerator<ToldLie> {
  const told = { round: 1, link: 'contribution', foundAt: 'signatures' } as const
  const stranger = testKey('stranger')
  const keys = [1, 2, 3].map((seed) => testKey(`contributor ${seed}`).publicKey)
  const listed = await startChain('listed', { ...card, contributors: keys }, SMALL_LAYOUT)
  yield { name: 'a contributor that is not listed', chain: await withOneMore(listed, {}), ...told }
  const open = await startChain('open', card, SMALL_LAYOUT)
  const voucher = voucherBy(first(open.net.members), open.net, stranger).envelope
  yield { name: 'a voucher where none is asked for', chain: await withOneMore(open, { voucher }), ...told }
}

/** A first round with a contribution more, by a stranger. */
async function withOneMore(chain: TestChain, fields: Partial<Contribution>): Promise<TestChain> {
  const lineage = (honest: Lineage) => {
    const { checkpoint } = contributionIn(first(honest.inputs))
    const stated = { round: 1, parent: chain.head.base, checkpoint, ...fields }
    return {
      ...honest,
      inputs: byId([...honest.inputs, contributionBy(testKey('stranger'), chain.net, stated).envelope]),
    }
  }
  return await addRound(chain, { lie: { lineage } })
}

export async function* memberLies(card: Card): AsyncGenerator<ToldLie> {
  const chain = await startChain('amendments', card, SMALL_LAYOUT)
  for (const [name, make] of Object.entries(RATIFICATIONS)) {
    const amendment = make(chain)
    const told = await addRound(chain, { lie: { lineage: (honest) => ({ ...honest, amendment }) } })
    yield { name, chain: told, round: 1, link: 'lineage', foundAt: 'signatures' }
  }
  const first = await addRound(chain, { amendment: by(chain, HARMLESS) })
  const again = await addRound(first, {
    seeds: [4, 5],
    lie: { lineage: (honest) => ({ ...honest, amendment: by(chain, HARMLESS) }) },
  })
  yield { name: 'an amendment once more', chain: again, round: 2, link: 'lineage', foundAt: 'signatures' }
  const early = by(chain, { fusion: { rule: 'median/1', params: {} } })
  const ruled = await addRound(chain, { amendment: early })
  const sooner = await addRound(ruled, {
    seeds: [4, 5],
    lie: { lineage: (honest) => ({ ...honest, fusion: { rule: 'median/1', params: {} } }) },
  })
  yield {
    name: 'a rule that is in force a round later',
    chain: sooner,
    round: 2,
    link: 'lineage',
    foundAt: 'signatures',
  }
  yield* ofVouchers(card)
  yield* ofContributors(card)
}
