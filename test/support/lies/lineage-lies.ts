import { contribution } from '../../../protocols/contribution/messages.ts'
import type { Lineage } from '../../../protocols/lineage/messages.ts'
import { inclusionList } from '../../../protocols/round/messages.ts'
import { compareCids, toHex } from '../../../protocols/wire/bytes.ts'
import { addRound, readLineage, type TestChain } from '../history/build-chain.ts'
import { contributionBy, listBy } from '../protocols/messages.ts'
import { sign, testCid, testKey } from '../protocols/network.ts'
import { envelopeOfSmallOrder, SMALL_ORDER_KEY, withLargeScalar } from './forgeries.ts'
import {
  byId,
  contributionIn,
  first,
  idIn,
  inputLink,
  listIn,
  listLink,
  openPlain,
  replaceFirst,
  resigned,
} from './lie.ts'

type Told = Omit<Lineage, 'kind'>

/** A lie in a lineage that a quorum certified all the same. */
export interface LineageLie {
  readonly tell: (honest: Lineage, chain: TestChain) => Told | Promise<Told>
  /** The round of the first bad link, counted from the one that lies; default 0. */
  readonly at?: number
  readonly link: string | ((told: Told, honest: Lineage) => string)
}

const stranger = testKey('stranger')
const sorted = (
  lists: readonly { readonly message: { readonly author: Uint8Array }; readonly envelope: Uint8Array }[],
) => [...lists].sort((a, b) => Buffer.compare(a.message.author, b.message.author)).map(({ envelope }) => envelope)

/** A list with fields changed, signed again by its author: a member that lies about itself. */
function relist(envelope: Uint8Array, { net }: TestChain, change: Partial<ReturnType<typeof listIn>>): Uint8Array {
  const { kind: _, author, ...fields } = listIn(envelope)
  const member = net.members.find(({ publicKey }) => toHex(publicKey) === toHex(author))
  if (member === undefined) throw new Error('a list is by a member')
  return sign(inclusionList, { ...fields, ...change }, member).envelope
}

/** Another contribution by somebody, of a checkpoint that is there. */
const unlisted = ({ net, head }: TestChain, honest: Lineage, fields: Partial<ReturnType<typeof contributionIn>> = {}) =>
  contributionBy(stranger, net, {
    round: honest.round,
    parent: head.base,
    checkpoint: contributionIn(first(honest.inputs)).checkpoint,
    ...fields,
  }).envelope

/** A contribution "signed" by a key of small order, listed and fused like any other. */
function smallOrder(honest: Lineage, chain: TestChain): Told {
  const { kind: _, ...fields } = contributionIn(unlisted(chain, honest))
  const forged = envelopeOfSmallOrder(contribution.encode({ ...fields, author: SMALL_ORDER_KEY }))
  const contributions = [...listIn(first(honest.lists)).contributions, idIn(forged)].sort(compareCids)
  return {
    ...honest,
    lists: honest.lists.map((list) => relist(list, chain, { contributions })),
    inputs: byId([...honest.inputs, forged]),
  }
}

/** The inputs, lists and exclusions of the round before once more. */
async function replay(honest: Lineage, { store, head }: TestChain): Promise<Told> {
  const { lists, inputs, excluded } = await readLineage(store, head.base)
  return { ...honest, lists, inputs, excluded }
}

function onlyOne(honest: Lineage, chain: TestChain): Told {
  const kept = first(honest.inputs)
  const lists = honest.lists.map((list) => relist(list, chain, { contributions: [idIn(kept)] }))
  return { ...honest, lists, inputs: [kept], excluded: [] }
}

export const LINEAGE_LIES: Readonly<Record<string, LineageLie>> = {
  'an input dropped': { tell: (honest) => ({ ...honest, inputs: honest.inputs.slice(1) }), link: 'lineage' },
  'an input added that nobody listed': {
    tell: (honest, chain) => ({ ...honest, inputs: byId([...honest.inputs, unlisted(chain, honest)]) }),
    link: 'lineage',
  },
  'an input swapped for another': {
    tell: (honest, chain) => ({ ...honest, inputs: byId([...honest.inputs.slice(1), unlisted(chain, honest)]) }),
    link: 'lineage',
  },
  'inputs in another order': {
    tell: (honest) => ({ ...honest, inputs: [...honest.inputs].reverse() }),
    link: 'lineage',
  },
  'an input twice': {
    tell: (honest) => ({ ...honest, inputs: [first(honest.inputs), ...honest.inputs] }),
    link: 'lineage',
  },
  'an exclusion taken as an input': {
    tell: (honest) => ({
      ...honest,
      inputs: byId([...honest.inputs, first(honest.excluded).envelope]),
      excluded: honest.excluded.slice(1),
    }),
    link: 'lineage',
  },
  'an input left out as a copy': {
    tell: (honest) => ({
      ...honest,
      inputs: honest.inputs.slice(1),
      excluded: [...honest.excluded, { envelope: first(honest.inputs), reason: 'copy' as const }],
    }),
    link: 'lineage',
  },
  'another reason for leaving one out': {
    tell: (honest) => ({
      ...honest,
      excluded: replaceFirst(honest.excluded, ({ envelope }) => ({ envelope, reason: 'lottery' as const })),
    }),
    link: 'lineage',
  },
  'an exclusion dropped': { tell: (honest) => ({ ...honest, excluded: honest.excluded.slice(1) }), link: 'lineage' },
  'exclusions in another order': {
    tell: (honest) => ({ ...honest, excluded: [...honest.excluded].reverse() }),
    link: 'lineage',
  },
  'a contribution with the signature of another key': {
    tell: (honest, chain) => {
      const { signature } = openPlain(unlisted(chain, honest))
      return { ...honest, inputs: replaceFirst(honest.inputs, (input) => resigned(input, () => signature)) }
    },
    link: inputLink,
  },
  'a contribution made anew by another key': {
    tell: (honest) => {
      const remade = (input: Uint8Array) => sign(contribution, contributionIn(input), stranger).envelope
      return { ...honest, inputs: byId(replaceFirst(honest.inputs, remade)) }
    },
    link: 'lineage',
  },
  'a contribution with S + L': {
    tell: (honest) => ({ ...honest, inputs: replaceFirst(honest.inputs, (input) => resigned(input, withLargeScalar)) }),
    link: inputLink,
  },
  'a contribution by a key of small order': {
    tell: smallOrder,
    link: ({ inputs }, honest) => {
      const known = new Set(honest.inputs.map((input) => String(idIn(input))))
      return `contribution ${inputs.map((input) => String(idIn(input))).find((id) => !known.has(id))}`
    },
  },
  'a contribution of another size': {
    tell: (honest, chain) => ({
      ...honest,
      inputs: byId([...honest.inputs, unlisted(chain, honest, { bytes: chain.net.genesis.bytes + 8 })]),
    }),
    link: 'contribution',
  },
  'a contribution of another network': {
    tell: (honest, chain) => ({
      ...honest,
      inputs: byId([...honest.inputs, unlisted(chain, honest, { network: testCid('other', 'message') })]),
    }),
    link: 'contribution',
  },
  'a contribution that is noise': {
    tell: (honest) => ({ ...honest, inputs: [...honest.inputs, Uint8Array.of(0xa0)] }),
    link: 'lineage',
  },
  'a list that its member never signed': {
    tell: (honest) => {
      const { signature } = openPlain(honest.lists[1] ?? first(honest.lists))
      return { ...honest, lists: replaceFirst(honest.lists, (list) => resigned(list, () => signature)) }
    },
    link: listLink,
  },
  'a list with S + L': {
    tell: (honest) => ({ ...honest, lists: replaceFirst(honest.lists, (list) => resigned(list, withLargeScalar)) }),
    link: listLink,
  },
  'the list of a stranger': {
    tell: (honest, { net, head }) => ({
      ...honest,
      lists: replaceFirst(
        honest.lists,
        () => listBy(stranger, net, [], { round: honest.round, parent: head.base }).envelope,
      ),
    }),
    link: `list ${toHex(stranger.publicKey)}`,
  },
  'too few lists': { tell: (honest) => ({ ...honest, lists: honest.lists.slice(1) }), link: 'lineage' },
  'too many lists': {
    tell: (honest, { net, head }) => ({
      ...honest,
      lists: sorted(net.members.map((member) => listBy(member, net, [], { round: honest.round, parent: head.base }))),
    }),
    link: 'lineage',
  },
  'a list twice': {
    tell: (honest) => ({ ...honest, lists: [first(honest.lists), ...honest.lists.slice(0, -1)] }),
    link: 'lineage',
  },
  'lists in another order': { tell: (honest) => ({ ...honest, lists: [...honest.lists].reverse() }), link: 'lineage' },
  'a list of the round before': {
    tell: (honest, chain) => ({
      ...honest,
      lists: replaceFirst(honest.lists, (list) => relist(list, chain, { round: honest.round - 1 })),
    }),
    link: 'lineage',
  },
  'a list for another base': {
    tell: (honest, chain) => ({
      ...honest,
      lists: replaceFirst(honest.lists, (list) => relist(list, chain, { parent: testCid('another') })),
    }),
    link: 'lineage',
  },
  'a list whose ids descend': {
    tell: (honest, chain) => ({
      ...honest,
      lists: replaceFirst(honest.lists, (list) =>
        relist(list, chain, { contributions: [...listIn(list).contributions].reverse() }),
      ),
    }),
    link: 'lineage',
  },
  'lists without the inputs': {
    tell: (honest, chain) => ({
      ...honest,
      lists: honest.lists.map((list) => relist(list, chain, { contributions: [] })),
    }),
    link: 'lineage',
  },
  'a list that is noise': {
    tell: (honest) => ({ ...honest, lists: replaceFirst(honest.lists, () => Uint8Array.of(0xa0)) }),
    link: 'lineage',
  },
  'a replay of the round before': { tell: replay, link: 'lineage' },
  'another rule': {
    tell: (honest) => ({ ...honest, fusion: { rule: 'median/1', params: {} } }),
    link: 'lineage',
  },
  'a rule that there is not': {
    tell: (honest) => ({ ...honest, fusion: { rule: 'mean/2', params: {} } }),
    link: 'lineage',
  },
  'a parameter added': {
    tell: (honest) => ({ ...honest, fusion: { rule: 'mean/1', params: { step: 500_000_000 } } }),
    link: 'lineage',
  },
  'factors where the rule has none': {
    tell: (honest) => ({ ...honest, fusion: { ...honest.fusion, factors: honest.inputs.map(() => 65_536) } }),
    link: 'lineage',
  },
  'a lineage of another network': {
    tell: (honest) => ({ ...honest, network: testCid('another network', 'message') }),
    link: 'genesis',
  },
  'a lineage of a later round': { tell: (honest) => ({ ...honest, round: honest.round + 1 }), link: 'lineage' },
  'the base of the genesis as parent': {
    tell: (honest, { net }) => ({ ...honest, parent: net.genesis.base }),
    link: 'lineage',
  },
  'no certificate of the parent': {
    tell: (honest) => ({ ...honest, parentCertificate: null }),
    at: -1,
    link: 'certificate',
  },
  'fewer inputs than a round needs': { tell: onlyOne, link: 'lineage' },
}

/** The chain with a round more that lies so, and what an honest one would have said. */
export async function tellLineage(
  chain: TestChain,
  { tell }: LineageLie,
): Promise<{ readonly chain: TestChain; readonly honest: Lineage; readonly told: Told }> {
  const options = { isCrowded: true, seeds: [4, 5, 6] }
  const plain = await addRound(chain, options)
  const honest = await readLineage(plain.store, plain.head.base)
  const told = await tell(honest, chain)
  return { chain: await addRound(chain, { ...options, lie: { lineage: () => told } }), honest, told }
}
