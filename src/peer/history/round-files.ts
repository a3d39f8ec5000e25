import type { CID } from 'multiformats/cid'
import type { Layout } from '../../checkpoint/layout.ts'
import { LEAF_BYTES, listLeaves, readFile } from '../../checkpoint/unixfs.ts'
import type { SampledFile } from '../../fusion/sample.ts'
import type { ContentStore } from '../../ports/content-store.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import type { Head, SignedContribution } from '../../rounds/state.ts'
import { rebasedFrom } from '../../rounds/views.ts'
import { statedRows } from '../builder.ts'

/** A round whose inputs are to be fused again. */
export interface RoundToFuse {
  readonly layout: Layout
  readonly store: ContentStore
  /** The base before, with the history that late contributions are rebased by. */
  readonly parent: Head
  readonly inputs: readonly SignedContribution[]
}

/** What its fusion reads. An error names in its facts the input that it is about, as the fusion's own do. */
export function roundFiles({ layout, store, parent, inputs }: RoundToFuse) {
  const open = (cid: CID, about: About = {}, what = '') => storedFile(cid, { layout, store }, { about, what })
  return {
    ...parent.regime.current.terms.fusion,
    layout,
    base: open(parent.weights),
    inputs: inputs.map(({ checkpoint }, input) => open(checkpoint, { input })),
    parents: inputs.map((contribution, input) => {
      const from = rebasedFrom(parent, contribution)
      if (from === null) return null
      return open(from, { input, isParent: true }, `Weights of round ${contribution.round - 1}, rebased from: `)
    }),
    rows: inputs.map(statedRows),
  }
}

interface About {
  readonly input?: number
  readonly isParent?: true
}

function storedFile(
  cid: CID,
  { layout, store }: Pick<RoundToFuse, 'layout' | 'store'>,
  said: { readonly about: About; readonly what: string },
): SampledFile {
  const get = (block: CID) => store.get(block)
  const limits = { maxBytes: layout.totalBytes }
  let listed: ReturnType<typeof listLeaves> | undefined
  return {
    open: () => sayingWhich(readFile(cid, get, limits), said),
    readAt: async (offset, bytes) => {
      try {
        listed ??= listLeaves(cid, get, limits)
        const leaf = (await listed).leaves[offset / LEAF_BYTES]
        if (leaf === undefined) return new Uint8Array()
        return (await get(leaf.cid)).subarray(0, bytes)
      } catch (error) {
        throw about(error, said)
      }
    },
  }
}

async function* sayingWhich(
  file: AsyncIterable<Uint8Array>,
  said: { readonly about: About; readonly what: string },
): AsyncGenerator<Uint8Array> {
  try {
    yield* file
  } catch (error) {
    throw about(error, said)
  }
}

/** `what` is said first. */
function about(error: unknown, said: { readonly about: About; readonly what: string }): unknown {
  if (!(error instanceof ColdmeshError)) return error
  const facts = { ...error.facts, ...said.about }
  return new ColdmeshError(error.code, `${said.what}${error.message}`, { facts, cause: error })
}
