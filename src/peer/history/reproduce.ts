import type { CID } from 'multiformats/cid'
import type { Clipping } from '../../../protocols/lineage/clipping.ts'
import type { Lineage } from '../../../protocols/lineage/messages.ts'
import type { RollbackTarget } from '../../../protocols/lineage/rules.ts'
import { equalCids } from '../../../protocols/wire/bytes.ts'
import { isRawCid } from '../../checkpoint/cid.ts'
import type { Layout } from '../../checkpoint/layout.ts'
import { importFile, LEAF_BYTES, listLeaves, readFile } from '../../checkpoint/unixfs.ts'
import { fuseCheckpoints } from '../../fusion/fuse.ts'
import type { ContentStore } from '../../ports/content-store.ts'
import { ColdmeshError, isColdmeshError } from '../../ports/errors.ts'
import type { Head, SignedContribution } from '../../rounds/state.ts'
import { rebasedFrom } from '../../rounds/views.ts'
import { statedRows } from '../builder.ts'
import { type BadLink, badLinkOf } from './bad-link.ts'
import { falseClipping } from './stated-clipping.ts'
import { describeDifference } from './tensor-difference.ts'

export type Reproduction =
  | { readonly fusion: 'reproduced' }
  /** Bytes are missing or damaged here: nothing is said about the base. */
  | { readonly fusion: 'unavailable'; readonly bad: BadLink }
  /** The base is not the fusion of its inputs. */
  | { readonly fusion: 'differs'; readonly bad: BadLink }

/**
 * Fuses a round's inputs again and compares the result with the base's weights, leaf by leaf; keeps neither.
 * @param options.parent the base before, with the history that late contributions are rebased by
 * @param options.weights the base's own
 * @param options.stated what its lineage says of the fusion
 * @throws ColdmeshError `aborted`, by the store's signal
 */
export async function reproduceWeights(options: {
  readonly layout: Layout
  readonly store: ContentStore
  readonly parent: Head
  readonly inputs: readonly SignedContribution[]
  /** Where the round went back to; then it has no inputs. */
  readonly rollback: RollbackTarget | null
  readonly weights: CID
  readonly stated: Lineage['fusion']
}): Promise<Reproduction> {
  const { layout, store, parent, inputs, rollback, weights } = options
  if (rollback !== null) {
    if (equalCids(rollback.weights, weights)) return { fusion: 'reproduced' }
    return differs('weights', `The round went back to the base ${rollback.base}, and the weights are not that one's.`)
  }
  if (inputs.length === 0) {
    if (equalCids(parent.weights, weights)) return { fusion: 'reproduced' }
    return differs('weights', 'The round had no inputs, and the weights are not those of its parent.')
  }
  const stored = await leavesOf(weights, layout, store)
  const found: { first: Difference | null; lie: BadLink | null } = { first: null, lie: null }
  let leaf = 0
  try {
    const { cid } = await importFile(
      fuse(options, (clipping) => {
        found.lie = falseClipping(options.stated, clipping, inputs)
      }),
      (blockCid, block) => {
        if (!isRawCid(blockCid)) return
        const expected = stored[leaf]
        if (found.first === null && expected && !equalCids(expected, blockCid)) {
          found.first = { leaf, fused: new Uint8Array(block) }
        }
        leaf += 1
      },
      { reuseBlocks: true },
    )
    if (found.lie !== null) return { fusion: 'differs', bad: found.lie }
    if (equalCids(cid, weights)) return { fusion: 'reproduced' }
    const where = found.first === null ? null : await describe(found.first, stored, options)
    return differs(
      'weights',
      `The inputs fuse to ${cid}, the base has ${weights}${where === null ? '' : `: ${where}`}.`,
    )
  } catch (error) {
    const bad = badLinkOf(error, linkOfFusion(error, inputs))
    const isHere = !isColdmeshError(error, 'block-missing') && !isColdmeshError(error, 'block-corrupt')
    const isSayable = isHere && !isColdmeshError(error, 'unsupported')
    return { fusion: isSayable ? 'differs' : 'unavailable', bad }
  }
}

/** The first leaf that the fusion gave otherwise. */
interface Difference {
  readonly leaf: number
  readonly fused: Uint8Array
}

function differs(link: string, reason: string): Reproduction {
  return { fusion: 'differs', bad: { link, reason: `differs: ${reason}` } }
}

function fuse(
  { layout, store, parent, inputs }: Parameters<typeof reproduceWeights>[0],
  onClipping: (clipping: Clipping) => void,
) {
  const limits = { maxBytes: layout.totalBytes }
  const open = (cid: CID) => readFile(cid, (block) => store.get(block), limits)
  return fuseCheckpoints({
    ...parent.regime.current.terms.fusion,
    layout,
    base: () => open(parent.weights),
    inputs: inputs.map(
      ({ checkpoint }, input) =>
        () =>
          withInput(open(checkpoint), { input }),
    ),
    parents: inputs.map((contribution, input) => {
      const from = rebasedFrom(parent, contribution)
      if (from === null) return null
      const ofRound = contribution.round - 1
      return () => withInput(open(from), { input, isParent: true }, `Weights of round ${ofRound}, rebased from: `)
    }),
    rows: inputs.map(statedRows),
    onClipping,
  })
}

/** Says in an error's facts which input's file it was about, as the fusion does for its own errors; `what` is said first. */
async function* withInput(
  file: AsyncIterable<Uint8Array>,
  about: { readonly input: number; readonly isParent?: true },
  what = '',
): AsyncGenerator<Uint8Array> {
  try {
    yield* file
  } catch (error) {
    if (!(error instanceof ColdmeshError)) throw error
    throw new ColdmeshError(error.code, `${what}${error.message}`, {
      facts: { ...error.facts, ...about },
      cause: error,
    })
  }
}

function linkOfFusion(error: unknown, inputs: readonly SignedContribution[]): string {
  const index = error instanceof ColdmeshError ? error.facts['input'] : undefined
  const input = typeof index === 'number' ? inputs[index] : undefined
  return input === undefined ? 'weights' : `contribution ${input.id}`
}

/** The base's own leaves, for telling where it differs; none when its nodes are not here. */
async function leavesOf(weights: CID, layout: Layout, store: ContentStore): Promise<readonly CID[]> {
  try {
    const { leaves } = await listLeaves(weights, (cid) => store.get(cid), { maxBytes: layout.totalBytes })
    return leaves.map(({ cid }) => cid)
  } catch (error) {
    badLinkOf(error, 'weights') // rethrows an abort; the caller reads the file itself and says what is missing
    return []
  }
}

async function describe(
  first: Difference,
  leaves: readonly CID[],
  { layout, store }: { readonly layout: Layout; readonly store: ContentStore },
): Promise<string | null> {
  const cid = leaves[first.leaf]
  if (cid === undefined) return null
  try {
    const stored = await store.get(cid)
    return describeDifference(layout, { offset: first.leaf * LEAF_BYTES, fused: first.fused, stored })
  } catch (error) {
    badLinkOf(error, 'weights')
    return null
  }
}
