import { createWriteStream } from 'node:fs'
import { open, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { CID } from 'multiformats/cid'
import type { FusionParams } from '../../protocols/genesis/fusion.ts'
import { writeDurable } from '../adapters/files/atomic.ts'
import { requireFree, writeNewDirectory } from '../adapters/files/new-directory.ts'
import { createFusionEngine, type FusionEngine, type FusionProgress } from '../adapters/fusion/engine.ts'
import { modelName, openPlainModel, type PlainModel } from '../adapters/huggingface/plain-model.ts'
import type { NamedFile } from '../adapters/huggingface/tokenizer-files.ts'
import { CARD_NAME, WEIGHTS_NAME } from '../checkpoint/base.ts'
import { rootOf, treeOfDigests } from '../checkpoint/digest-tree.ts'
import { renderFusedCard } from '../checkpoint/fused-card.ts'
import type { Layout } from '../checkpoint/layout.ts'
import { encodeDirectory, fileTsize, importFile } from '../checkpoint/unixfs.ts'
import type { FloatDtype } from '../floats/dtypes.ts'
import { formatRule } from '../fusion/rule-text.ts'
import { ColdmeshError } from '../ports/errors.ts'

const DTYPES: Readonly<Record<'f32' | 'bf16' | 'f16', FloatDtype>> = { f32: 'F32', bf16: 'BF16', f16: 'F16' }
const MAX_INPUTS = 64

export interface FuseModelsOptions {
  /** Model directories or files of weights, 1 to 64; sums go in this order. */
  readonly inputs: readonly string[]
  /** For example `ties/1`. */
  readonly rule: string
  /** As a genesis states them; `parseRule` reads both. */
  readonly params: FusionParams
  /** What `clipped-mean/1`, `ties/1` and every step start from. Default for the others: the first input. */
  readonly base?: string | undefined
  /** For each input the model that it was trained from where that is not the base: it then stands for `base + (input - that)`. */
  readonly parents?: readonly (string | null)[] | undefined
  /** For `weighted-mean/1`, a whole number for each input. */
  readonly weights?: readonly number[] | undefined
  /** What all float weights become before they are fused. Default: they must be alike. */
  readonly dtype?: keyof typeof DTYPES | undefined
  /** Where the result goes; must not exist yet. */
  readonly out: string
  /** Threads. Default: one for each processor, at most 4. */
  readonly workers?: number | undefined
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: FusionProgress) => void) | undefined
}

export interface FusedModels {
  readonly out: string
  /** CID of the directory. */
  readonly cid: string
  /** CID of model.safetensors. */
  readonly weights: string
  readonly bytes: number
  /** CIDs of the inputs' weights, as they were fused. */
  readonly inputs: readonly { readonly path: string; readonly weights: string }[]
  readonly base: { readonly path: string; readonly weights: string } | null
}

/**
 * Fuses models without a network: a directory that transformers loads, with a card that says what was fused. All of it or nothing.
 * @throws ColdmeshError `bad-input` (a file, models that are not alike, no base where one is needed, `out` is there), `bad-checkpoint`, `unsupported`,
 * `refused` (disk), `aborted`
 */
export async function fuseModels(options: FuseModelsOptions): Promise<FusedModels> {
  const { inputs, rule, params, base = null } = options
  const out = resolve(options.out)
  requireFree(out)
  if (inputs.length === 0 || inputs.length > MAX_INPUTS) {
    throw new ColdmeshError('bad-input', `${inputs.length} models are named; a fusion takes 1 to ${MAX_INPUTS}.`, {
      hint: 'name the models’ directories',
    })
  }
  if (base === null && (['clipped-mean/1', 'ties/1'].includes(rule) || params['step'] !== undefined)) {
    throw new ColdmeshError(
      'bad-input',
      `${formatRule({ rule, params })} goes by differences from a base, and none is named.`,
      {
        hint: 'name the model that the inputs were trained from: --base DIR',
      },
    )
  }
  await using opened = new AsyncDisposableStack()
  const models: PlainModel[] = []
  const parents = options.parents?.filter((path) => path !== null) ?? []
  for (const path of [...(base === null ? [] : [base]), ...inputs, ...parents])
    models.push(opened.use(await openPlainModel(path)))
  const dtype = options.dtype === undefined ? null : DTYPES[options.dtype]
  await using engine = createFusionEngine({ workers: options.workers })
  return await writeNewDirectory(out, async (aside) => {
    const { layout, paths } = await alike(models, dtype, aside)
    const made = await fuseFiles(engine, { ...options, out: join(aside, WEIGHTS_NAME), layout, paths })
    await Promise.all(paths.filter((path) => path.startsWith(aside)).map((path) => rm(path)))
    const named = models
      .slice(0, models.length - parents.length)
      .map(({ path }, index) => ({ path, weights: String(made.sources[index]) }))
    const [first, ...rest] = named
    const sources = base === null || first === undefined ? { base: null, inputs: named } : { base: first, inputs: rest }
    const card = renderFusedCard({
      rule: formatRule({ rule, params }),
      weights: String(made.weights),
      inputs: sources.inputs.map(({ path, weights }, index) => ({
        ...{ name: modelName(path), weights },
        share: rule === 'weighted-mean/1' ? (options.weights?.[index] ?? null) : null,
      })),
      base: sources.base && { name: modelName(sources.base.path), weights: sources.base.weights },
    })
    const small = (await models[0]?.smallFiles(dtype)) ?? []
    const cid = await writeFiles(aside, [...small, { name: CARD_NAME, bytes: card }], made.weights, layout.totalBytes)
    return { out, cid: String(cid), weights: String(made.weights), bytes: layout.totalBytes, ...sources }
  })
}

/** Files of one layout: those that are, and the others converted in `aside`. */
async function alike(
  models: readonly PlainModel[],
  dtype: FloatDtype | null,
  aside: string,
): Promise<{ layout: Layout; paths: readonly string[] }> {
  const [first] = models
  if (first === undefined) throw new RangeError('at least one model')
  // its own layout, too, where nothing is to be converted
  const own = first.layout(null)
  const isRight = dtype === null || own.tensors.every((tensor) => tensor.dtype === dtype || tensor.dtype === 'I64')
  const layout = isRight ? own : first.layout(dtype)
  const paths: string[] = []
  for (const [index, model] of models.entries()) {
    const direct = model.fileOf(layout)
    if (direct !== null) {
      paths.push(direct)
      continue
    }
    const path = join(aside, `.input-${index}.safetensors`)
    await pipeline(model.weightsAs(layout, { converts: dtype !== null, like: first.path }), createWriteStream(path))
    paths.push(path)
  }
  return { layout, paths }
}

/** Fuses, and finds the CIDs of what was made and of what it was made of. */
async function fuseFiles(
  engine: FusionEngine,
  options: FuseModelsOptions & { readonly layout: Layout; readonly paths: readonly string[] },
): Promise<{ weights: CID; sources: readonly CID[] }> {
  const { layout, rule, params, out, signal, onProgress } = options
  const count = options.inputs.length + (options.base === undefined ? 0 : 1)
  const [paths, late] = [options.paths.slice(0, count), options.paths.slice(count)]
  const [base = '', ...others] = paths
  const inputs = options.base === undefined ? paths : others
  const parents = options.parents?.map((path) => (path === null ? null : (late.shift() ?? null)))
  const { digests } = await engine.fuse({
    ...{ layout, base, inputs, parents, rule, params, rows: options.weights, out, signal, onProgress },
  })
  await using file = await open(out, 'r+')
  await file.sync()
  const cidOf = (leaves: Uint8Array) => rootOf(treeOfDigests(leaves, layout.totalBytes))
  return { weights: cidOf(digests), sources: (await engine.digest({ layout, paths, signal })).map(cidOf) }
}

/** Writes the small files; the directory's CID. */
async function writeFiles(
  aside: string,
  files: readonly NamedFile[],
  weights: CID,
  weightsBytes: number,
): Promise<CID> {
  const entries = [{ name: WEIGHTS_NAME, cid: weights, bytes: fileTsize(weightsBytes) }]
  for (const { name, bytes } of files) {
    await writeDurable(join(aside, name), bytes, 0o644)
    const { cid } = await importFile([bytes], () => {})
    entries.push({ name, cid, bytes: fileTsize(bytes.length) })
  }
  return encodeDirectory(entries).cid
}
