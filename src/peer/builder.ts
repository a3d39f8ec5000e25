import type { CID } from 'multiformats/cid'
import { encodeNorm } from '../../protocols/lineage/clipping.ts'
import { lineage as lineageDeclaration } from '../../protocols/lineage/messages.ts'
import { toHex } from '../../protocols/wire/bytes.ts'
import { sha256 } from '../../protocols/wire/crypto.ts'
import { assembleBase, type BaseFile, baseFile, type OpenedBase, openBase } from '../checkpoint/base.ts'
import { renderCard } from '../checkpoint/card.ts'
import { type Layout, MAX_DATA_START, parseLayout } from '../checkpoint/layout.ts'
import { readFile } from '../checkpoint/unixfs.ts'
import type { ContentStore } from '../ports/content-store.ts'
import { ColdmeshError } from '../ports/errors.ts'
import type { Network } from '../rounds/network.ts'
import type { BuildSpec, SignedContribution } from '../rounds/state.ts'
import { rebasedFrom } from '../rounds/views.ts'
import { cardFacts } from './card-facts.ts'
import { type FileFusion, fuseStored, type StoredFusion } from './fuse-stored.ts'

/** What every base of a network shares: its layout, and the genesis' config and tokenizer files. */
export interface BaseFacts {
  readonly layout: Layout
  readonly shared: readonly BaseFile[]
  /** CID of the genesis base's model.safetensors. */
  readonly weights: CID
}

export interface BuiltBase {
  readonly base: CID
  readonly lineage: CID
  readonly weights: CID
}

/**
 * Reads the facts from the genesis' base in the store.
 * @throws ColdmeshError `block-missing`, `bad-checkpoint` when the base is not what the genesis says
 */
export async function readBaseFacts(network: Network, store: ContentStore): Promise<BaseFacts> {
  const get = (cid: CID) => store.get(cid)
  const { genesis } = network
  const opened = await openBase(genesis.base, get)
  const { cid, bytes } = opened.weights
  if (bytes !== genesis.bytes) {
    throw new ColdmeshError(
      'bad-checkpoint',
      `The genesis states ${genesis.bytes} bytes of weights, its base has ${bytes}.`,
    )
  }
  const layout = await readLayout(opened, store)
  if (toHex(sha256(layout.header)) !== toHex(genesis.header)) {
    throw new ColdmeshError('bad-checkpoint', "The header of the base's weights is not the one that the genesis names.")
  }
  return { layout, shared: opened.shared, weights: cid }
}

/** The layout of a base's weights. @throws ColdmeshError `block-missing`, `bad-checkpoint` */
export async function readLayout({ weights }: OpenedBase, store: ContentStore): Promise<Layout> {
  return parseLayout(await readStart(weights.cid, weights.bytes, store), weights.bytes)
}

async function readStart(cid: CID, bytes: number, store: ContentStore): Promise<Uint8Array> {
  for await (const leaf of readFile(cid, (block) => store.get(block), { maxBytes: bytes })) {
    return leaf.subarray(0, MAX_DATA_START)
  }
  return new Uint8Array()
}

/**
 * Fuses the inputs of a spec and assembles the base: a function of the spec, the same bytes on every machine. Of a rollback the
 * weights are another base's, and are not read.
 * All blocks are in the store, durable, when it resolves.
 * @throws ColdmeshError `block-missing`, `block-corrupt`, `bad-checkpoint` (an input or the result is not finite), `unsupported`
 */
export async function buildBase(
  spec: BuildSpec,
  { facts, store, byFiles = null }: { facts: BaseFacts; store: ContentStore; byFiles?: FileFusion | null },
): Promise<BuiltBase> {
  const network = spec.parent.regime.current
  const { weights, clipping } =
    spec.inputs.length === 0
      ? { weights: spec.rollback?.weights ?? spec.parent.weights, clipping: null }
      : await fuseStored(fusionOf(spec, facts, store), byFiles)
  const fusion = {
    ...network.terms.fusion,
    ...(clipping && { factors: [...clipping.factors], norms: clipping.norms.map(encodeNorm) }),
  }
  const embedded = spec.amendment === null ? {} : { amendment: spec.amendment }
  const lineageBytes = lineageDeclaration.encode({
    network: network.id,
    round: spec.round,
    parent: spec.parent.base,
    parentCertificate: spec.parentCertificate,
    lists: spec.lists,
    inputs: spec.inputs.map((input) => input.signed.envelope),
    excluded: spec.excluded.map(({ contribution, reason }) => ({ envelope: contribution.signed.envelope, reason })),
    fusion,
    weights,
    ...embedded,
  })
  const { cid, blocks } = assembleBase({
    shared: facts.shared,
    weights: baseFile('model.safetensors', weights, network.genesis.bytes),
    card: renderCard(
      cardFacts(network, {
        ...{ round: spec.round, inputs: spec.inputs, excluded: spec.excluded },
        ...{ parent: spec.parent.base, weights, fusion },
        ...embedded,
      }),
    ),
    lineage: lineageBytes,
  })
  for (const block of blocks) await store.put(block.cid, block.block)
  const lineageCid = blocks[1]?.cid
  if (!lineageCid) throw new Error('a base has a card, a lineage and a node')
  return { base: cid, lineage: lineageCid, weights }
}

/** What fuses a spec's inputs. */
export function fusionOf(spec: BuildSpec, facts: BaseFacts, store: ContentStore): StoredFusion {
  return {
    ...spec.parent.regime.current.terms.fusion,
    layout: facts.layout,
    base: spec.parent.weights,
    inputs: spec.inputs.map(({ checkpoint }) => checkpoint),
    parents: spec.inputs.map((input) => rebasedFrom(spec.parent, input)),
    rows: spec.inputs.map(statedRows),
    store,
  }
}

/** What `weighted-mean/1` counts. */
export const statedRows = ({ signed }: SignedContribution): number => signed.message.dataset.rows
