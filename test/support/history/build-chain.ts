import type { CID } from 'multiformats/cid'
import type { Contribution } from '../../../protocols/contribution/messages.ts'
import { type Lineage, lineage as lineageDeclaration } from '../../../protocols/lineage/messages.ts'
import { eligibleIds, selectInputs } from '../../../protocols/lineage/pipeline.ts'
import { isOpenedLineage, openLineage } from '../../../protocols/lineage/rules.ts'
import { certify } from '../../../protocols/round/certificate.ts'
import { compareBytes, equalCids } from '../../../protocols/wire/bytes.ts'
import { sha256 } from '../../../protocols/wire/crypto.ts'
import type { Signed } from '../../../protocols/wire/envelope.ts'
import { assembleBase, type BaseFile, baseFile, importBase, openBase } from '../../../src/checkpoint/base.ts'
import type { Layout } from '../../../src/checkpoint/layout.ts'
import { type BaseFacts, buildBase, readBaseFacts } from '../../../src/peer/builder.ts'
import type { ChainEntry } from '../../../src/peer/chain.ts'
import { genesisHead, nextHead } from '../../../src/rounds/head.ts'
import { type NetworkFacts, networkFacts } from '../../../src/rounds/network.ts'
import { rollbackOf } from '../../../src/rounds/rollback.ts'
import type { BuildSpec, Head, SignedContribution } from '../../../src/rounds/state.ts'
import { lineageView, toCandidate } from '../../../src/rounds/views.ts'
import { contributionBy, contributionFields, listBy, precommitsBy } from '../protocols/messages.ts'
import { type TestKey, type TestNetwork, testKey, testNetwork } from '../protocols/network.ts'
import { checkpointBytes, importBytes, TEST_LAYOUT } from './checkpoints.ts'
import { type MemoryStore, memoryStore } from './memory-store.ts'

/** A network with its certified bases, built by real keys and the peers' own builder. */
export interface TestChain {
  readonly net: TestNetwork
  readonly network: NetworkFacts
  readonly facts: BaseFacts
  readonly store: MemoryStore
  readonly head: Head
  /** Rounds 1, 2, 3 ... */
  readonly entries: readonly ChainEntry[]
}

export interface TestRoundOptions {
  /** Seeds of the contributed checkpoints, one contributor each; default 3. None: an empty round. */
  readonly seeds?: readonly number[]
  /** Seeds of checkpoints that were trained from the base of an earlier round. */
  readonly late?: readonly { readonly seed: number; readonly parent: number }[]
  /** Voucher in a contribution to this round; default none. */
  readonly voucherFor?: (key: TestKey, round: number) => Uint8Array
  /** What contributors to this round state of their data. */
  readonly dataset?: Contribution['dataset']
  /** What a contributor says of its data, by its seed; default: reviews without a licence. */
  readonly datasetOf?: (seed: number) => Partial<Contribution['dataset']>
  /** Checkpoints that are there already, each offered again, as trained from the newest base. */
  readonly again?: readonly CID[]
  /** Further contributions that the pipeline leaves out. */
  readonly isCrowded?: boolean
  /** View of the certificate; default 0, in an empty round `maxViews`. */
  readonly view?: number
  /** What each member of the quorum lists of what is offered; default all. */
  readonly listed?: (offered: readonly Signed<Contribution>[], member: number) => readonly Signed<Contribution>[]
  /** A ratification that this round embeds. */
  readonly amendment?: Uint8Array
  /** Who certifies it; by default a quorum of the round's committee. */
  readonly signers?: readonly TestKey[]
  /** What a lying quorum certifies in place of the honest base. */
  readonly lie?: Lie
}

export interface Lie {
  readonly lineage?: (honest: Lineage) => Omit<Lineage, 'kind'>
  /** Weights of the directory, where they are not the lineage's. */
  readonly weights?: CID
  readonly card?: (honest: Uint8Array) => Uint8Array
  readonly shared?: (honest: readonly BaseFile[]) => readonly BaseFile[]
  readonly certificate?: (honest: Uint8Array) => Uint8Array
}

export const utf8 = (text: string) => new TextEncoder().encode(text)

/** Round 0: four members, two-leaf weights, config and tokenizer. */
export async function startChain(
  name = 'test network',
  fields: Omit<Parameters<typeof testNetwork>[0] & object, 'name' | 'base' | 'header' | 'bytes'> = {},
  layout: Layout = TEST_LAYOUT,
): Promise<TestChain> {
  const store = memoryStore()
  const files = [
    { name: 'config.json', bytes: utf8('{"model_type":"bert"}') },
    { name: 'tokenizer.json', bytes: utf8('{"version":"1.0"}') },
    { name: 'model.safetensors', bytes: checkpointBytes(0, layout) },
  ]
  const { cid } = await importBase(files, (block, bytes) => store.put(block, bytes))
  const header = sha256(layout.header)
  const net = testNetwork({
    name,
    base: cid,
    header,
    bytes: layout.totalBytes,
    round: { minContributions: 2 },
    ...fields,
  })
  const network = networkFacts(net.network, net.genesis)
  const facts = await readBaseFacts(network, store)
  return { net, network, facts, store, head: genesisHead(network, facts.weights), entries: [] }
}

/** The chain with one round more, certified by a quorum. */
export async function addRound(chain: TestChain, options: TestRoundOptions = {}): Promise<TestChain> {
  const { network, facts, store, head } = chain
  const { amendment = null } = options
  const rollback = amendment === null ? null : (rollbackOf(head, amendment) ?? null)
  const offered = rollback === null ? await contribute(chain, options) : []
  const spec = { ...specOf(chain, offered, options), amendment, rollback }
  const built = await buildBase(spec, { facts, store })
  const base = options.lie === undefined ? built.base : await lieAbout(chain, built.base, options.lie)
  const view = options.view ?? (spec.inputs.length === 0 && rollback === null ? network.terms.round.maxViews : 0)
  const vote = { network: network.id, round: spec.round, view, base }
  const signers = options.signers ?? quorumOf(chain)
  const honest = certify(precommitsBy(signers, vote), signers.length)
  const certificate = options.lie?.certificate?.(honest) ?? honest
  const opened = openLineage(lineageDeclaration.encode(await readLineage(store, built.base)), lineageView(head))
  if (!isOpenedLineage(opened)) throw new Error(`the honest lineage is refused: ${JSON.stringify(opened)}`)
  const { weights } = await readLineage(store, base)
  const next = nextHead(head, {
    base,
    opened: { ...opened, lineage: { ...opened.lineage, weights } },
    certificate,
  })
  const entry = { round: spec.round, base, certificate, ...(amendment === null ? {} : { amendment }) }
  return { ...chain, head: next, entries: [...chain.entries, entry] }
}

/** Three rounds: one with contributions left out, an empty one, an ordinary one. */
export async function threeRounds(): Promise<TestChain> {
  const first = await addRound(await startChain(), { isCrowded: true })
  return await addRound(await addRound(first, { seeds: [] }), { seeds: [7, 8] })
}

export async function readLineage(store: MemoryStore, base: CID): Promise<Lineage> {
  const { lineage } = await openBase(base, store.get)
  if (lineage === null) throw new Error('a base of a round has a lineage')
  return lineageDeclaration.decode(await store.get(lineage))
}

async function contribute(chain: TestChain, options: TestRoundOptions): Promise<readonly Signed<Contribution>[]> {
  const { net, store, head } = chain
  const round = head.round + 1
  const offer = (key: TestKey, checkpoint: CID, said: Partial<Contribution['dataset']> = {}) => {
    const dataset = { ...contributionFields(net).dataset, ...said }
    const vouched = options.voucherFor === undefined ? {} : { voucher: options.voucherFor(key, round) }
    const stated = options.dataset === undefined ? dataset : options.dataset
    return contributionBy(key, net, { round, parent: head.base, checkpoint, dataset: stated, ...vouched })
  }
  const offered: Signed<Contribution>[] = []
  for (const seed of options.seeds ?? [1, 2, 3]) {
    const checkpoint = await importBytes(checkpointBytes(seed, chain.facts.layout), store)
    offered.push(offer(testKey(`contributor ${seed}`), checkpoint, options.datasetOf?.(seed)))
  }
  for (const { seed, parent } of options.late ?? []) {
    const checkpoint = await importBytes(checkpointBytes(seed, chain.facts.layout), store)
    const from = chain.entries[parent - 1]?.base ?? net.genesis.base
    offered.push(contributionBy(testKey(`late ${seed}`), net, { round: parent + 1, parent: from, checkpoint }))
  }
  for (const checkpoint of options.again ?? []) offered.push(offer(testKey(`again ${checkpoint}`), checkpoint))
  const [first] = offered
  if (!options.isCrowded || !first) return offered
  return [...offered, offer(testKey('copier'), first.message.checkpoint), offer(testKey('idler'), head.weights)]
}

/** The first members of the committee of the round that begins, as many as decide. */
function quorumOf({ net, head }: TestChain): readonly TestKey[] {
  const { isMember, quorum } = head.regime.current
  return net.members.filter(({ publicKey }) => isMember(publicKey)).slice(0, quorum)
}

function specOf(
  chain: TestChain,
  offered: readonly Signed<Contribution>[],
  { listed: listedBy = () => offered }: TestRoundOptions,
): BuildSpec {
  const { net, head } = chain
  const { threshold } = head.regime.current
  const round = head.round + 1
  const lists = quorumOf(chain)
    .map((member, i) => listBy(member, net, listedBy(offered, i), { round, parent: head.base }))
    .sort((a, b) => compareBytes(a.message.author, b.message.author))
  const listed = lists.map(({ message }) => message.contributions)
  const candidates = offered.map(toCandidate)
  const find = (id: CID): SignedContribution => {
    const found = candidates.find((candidate) => equalCids(candidate.id, id))
    if (found === undefined) throw new Error('listed, so offered')
    return found
  }
  const eligible = eligibleIds(listed, threshold).map(find)
  const selection = selectInputs(eligible, { ...lineageView(head), lists: listed })
  return {
    round,
    parent: head,
    parentCertificate: head.certificate,
    lists: lists.map((list) => list.envelope),
    inputs: selection.inputs.map(({ id }) => find(id)),
    excluded: selection.excluded.map(({ candidate, reason }) => ({ contribution: find(candidate.id), reason })),
    amendment: null,
    rollback: null,
  }
}

/** The honest base with what the lie changes; a changed CID of the weights is changed in the card too. */
async function lieAbout({ facts, network, store }: TestChain, honest: CID, lie: Lie): Promise<CID> {
  const opened = await openBase(honest, store.get)
  const lineage = await readLineage(store, honest)
  const told = lie.lineage?.(lineage) ?? lineage
  if (opened.card === null) throw new Error('a base of a round has a card')
  const text = new TextDecoder().decode(await store.get(opened.card))
  const card = utf8(text.replaceAll(String(lineage.weights), String(told.weights)))
  const { cid, blocks } = assembleBase({
    shared: lie.shared?.(facts.shared) ?? facts.shared,
    weights: baseFile('model.safetensors', lie.weights ?? told.weights, network.genesis.bytes),
    card: lie.card?.(card) ?? card,
    lineage: lineageDeclaration.encode(told),
  })
  for (const { cid: blockCid, block } of blocks) await store.put(blockCid, block)
  return cid
}
