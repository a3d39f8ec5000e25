import type { CID } from 'multiformats/cid'
import type { FusionParams } from '../../protocols/genesis/fusion.ts'
import type { Clipping } from '../../protocols/lineage/clipping.ts'
import type { FusionEngine } from '../adapters/fusion/engine.ts'
import type { Layout } from '../checkpoint/layout.ts'
import { importFile, readFile } from '../checkpoint/unixfs.ts'
import { fuseCheckpoints } from '../fusion/fuse.ts'
import type { ContentStore } from '../ports/content-store.ts'
import type { WeightFiles } from '../ports/weight-files.ts'
import { openPaths } from './store/open-path.ts'

export interface StoredFusion {
  readonly rule: string
  readonly params: FusionParams
  readonly layout: Layout
  readonly base: CID
  readonly inputs: readonly CID[]
  /** Weights that each input was trained from, where these are not the base's. */
  readonly parents?: readonly (CID | null)[]
  /** Rows that each input states. */
  readonly rows?: readonly number[]
  readonly store: Pick<ContentStore, 'get' | 'put'>
}

/** The result as a file, in chunks. @throws ColdmeshError as `fuseCheckpoints`, while it is read */
export function streamFusion(
  { base, inputs, parents, store, ...rule }: StoredFusion,
  onClipping?: (clipping: Clipping) => void,
): AsyncIterable<Uint8Array> {
  const open = (cid: CID) => () => readFile(cid, (block) => store.get(block), { maxBytes: rule.layout.totalBytes })
  return fuseCheckpoints({
    ...rule,
    base: () => withPauses(open(base)()),
    inputs: inputs.map(open),
    ...(parents && { parents: parents.map((cid) => (cid === null ? null : open(cid))) }),
    ...(onClipping && { onClipping }),
  })
}

/** Between two leaves everything else that waits has its turn: votes and questions of others must not wait for a model. */
async function* withPauses(file: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const leaf of file) {
    yield leaf
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** What fuses files; without it blocks are fused one after the other, to the same bytes. */
export interface FileFusion {
  readonly files: WeightFiles
  readonly engine: Pick<FusionEngine, 'fuse'>
}

/** Null where blocks are in memory alone. */
export function byFilesOf({
  files,
  engine,
}: {
  readonly files: WeightFiles | null
  readonly engine: FusionEngine
}): FileFusion | null {
  return files === null ? null : { files, engine }
}

interface FusedWeights {
  readonly weights: CID
  readonly clipping: Clipping | null
}

/**
 * Fuses checkpoints of the store into it, and resolves with the CID of the result, and what `clipped-mean/1` found.
 * @throws ColdmeshError as `fuseCheckpoints`; `block-missing`, `block-corrupt`
 */
export async function fuseStored(fusion: StoredFusion, byFiles: FileFusion | null = null): Promise<FusedWeights> {
  const fused = byFiles === null ? null : await fuseFiles(fusion, byFiles)
  if (fused !== null) return fused
  const found: Clipping[] = []
  const { cid } = await importFile(
    streamFusion(fusion, (clipping) => found.push(clipping)),
    (block, bytes) => fusion.store.put(block, bytes),
  )
  return { weights: cid, clipping: found[0] ?? null }
}

/** Null when one of them is not here as a whole: fusing blocks then says which is missing. */
async function fuseFiles(fusion: StoredFusion, { files, engine }: FileFusion): Promise<FusedWeights | null> {
  const { rule, params, layout, rows } = fusion
  await using opened = new AsyncDisposableStack()
  const pathOf = openPaths(files, opened)
  const base = await pathOf(fusion.base)
  const inputs = await Promise.all(fusion.inputs.map(pathOf))
  const late = fusion.parents ?? fusion.inputs.map(() => null)
  const parents = await Promise.all(late.map((cid) => (cid === null ? null : pathOf(cid))))
  const isHere = parents.every((path, input) => path !== null || late[input] === null)
  if (base === null || !isHere || !inputs.every((path) => path !== null)) return null
  await using making = await files.make(layout.totalBytes)
  const { digests, clipping } = await engine.fuse({
    rule,
    params,
    layout,
    rows,
    base,
    inputs,
    parents,
    out: making.path,
  })
  return { weights: await making.finish(digests), clipping }
}
