import type { Genesis } from '../../../protocols/genesis/messages.ts'
import { idOf } from '../../../protocols/wire/codec.ts'
import { addRound, startChain, type TestChain } from '../history/build-chain.ts'
import { SMALL_LAYOUT } from '../history/checkpoints.ts'
import { testNetwork } from '../protocols/network.ts'
import { ORDER_EIGHT_KEY, SMALL_ORDER_KEY } from './forgeries.ts'
import type { ToldLie } from './lie.ts'

/** A genesis that is none, with its base alone; and the genesis of somebody else. */

type Change = Partial<Omit<Genesis, 'round' | 'committee'>> & { readonly round?: Partial<Genesis['round']> }
type Members = Parameters<typeof testNetwork>[0]

const key = (name: string, publicKey: Uint8Array) => ({ name, seed: new Uint8Array(32), publicKey })

const GENESES: Readonly<Record<string, (chain: TestChain) => Change & Pick<NonNullable<Members>, 'members'>>> = {
  'a member twice by key': ({ net }) => ({
    members: [...net.members, { ...key('again', net.members[0]?.publicKey ?? SMALL_ORDER_KEY) }],
  }),
  'a member twice by name': ({ net }) => ({
    members: [...net.members, key(net.members[0]?.name ?? '', new Uint8Array(32).fill(7))],
  }),
  'a member of small order': ({ net }) => ({ members: [...net.members, key('identity', SMALL_ORDER_KEY)] }),
  'a member of order eight': ({ net }) => ({ members: [...net.members, key('eight', ORDER_EIGHT_KEY)] }),
  'a key that is not canonical': ({ net }) => ({
    members: [...net.members, key('large', new Uint8Array(32).fill(255))],
  }),
  'a contributor of small order': () => ({ contributors: [SMALL_ORDER_KEY] }),
  'more inputs needed than taken': () => ({ round: { minContributions: 9, maxContributions: 8 } }),
  'a network by a rule that there is not': () => ({ fusion: { rule: 'mean/2', params: {} } }),
  'a rule named like what every object has': () => ({ fusion: { rule: 'constructor', params: {} } }),
  'a parameter that the rule has not': () => ({ fusion: { rule: 'mean/1', params: { trim: 1 } } }),
  'a parameter that is missing': () => ({ fusion: { rule: 'trimmed-mean/1', params: {} } }),
  'a parameter out of its range': () => ({ fusion: { rule: 'mean/1', params: { step: 1_000_000_000 } } }),
  'a trim that leaves nothing': () => ({
    round: { minContributions: 2 },
    fusion: { rule: 'trimmed-mean/1', params: { trim: 1 } },
  }),
  'staleness beyond the history': () => ({ round: { maxStaleness: 4, historyRounds: 4, keepRounds: 4 } }),
  'weights kept too briefly': () => ({ round: { maxStaleness: 1, historyRounds: 4, keepRounds: 3 } }),
  'a fork of itself': ({ net }) => ({ forkOf: net.genesis.base }),
  'another size of weights': ({ net }) => ({ bytes: net.genesis.bytes + 8 }),
}

export async function* genesisLies(chain: TestChain): AsyncGenerator<ToldLie> {
  const { genesis, members } = chain.net
  const { kind: _, committee: __, ...fields } = genesis
  const told = { round: 0, link: 'genesis', foundAt: 'signatures' } as const
  for (const [name, change] of Object.entries(GENESES)) {
    const { round = {}, ...changed } = change(chain)
    const net = testNetwork({ ...fields, members, ...changed, round: { ...fields.round, ...round } })
    yield { name, chain: { ...chain, net, entries: [] }, ...told }
  }
  const header = testNetwork({ ...fields, members, header: new Uint8Array(32) })
  yield { name: 'another header', chain: { ...chain, net: header, entries: [] }, ...told, foundAt: 'sample' }
  const card = { ...chain.net, bytes: chain.net.bytes.map((byte, i, all) => (isCardVersion(all, i) ? 0x39 : byte)) }
  yield { name: 'a card that this version does not know', chain: { ...chain, net: named(card), entries: [] }, ...told }
  // the same name, committee and model; one number of the policy is another
  const honest = await addRound(chain, { seeds: [4, 5] })
  const other = testNetwork({ ...fields, members, round: { ...fields.round, collectMs: 1 } })
  yield { name: 'another genesis of the same name', chain: { ...honest, net: other }, ...told }
  const theirs = await startChain(fields.name, { round: { minContributions: 2, collectMs: 2 } }, SMALL_LAYOUT)
  const base = await addRound(await addRound(theirs, {}), { seeds: [4, 5] })
  yield { name: 'a base of another network of the same name', chain: { ...base, net: chain.net }, ...told }
}

const isCardVersion = (bytes: Uint8Array, at: number) =>
  Buffer.from(bytes.subarray(at - 5, at)).toString('latin1') === 'card/'

function named(net: TestChain['net']): TestChain['net'] {
  return { ...net, network: idOf(net.bytes) }
}
