import { availableParallelism } from 'node:os'
import type { FusionParams } from '../../../protocols/genesis/fusion.ts'
import type { Clipping } from '../../../protocols/lineage/clipping.ts'
import { DIGEST_BYTES, LEAF_BYTES, leafCount } from '../../checkpoint/leaves.ts'
import { checkDtypes } from '../../fusion/layout.ts'
import { readRule } from '../../fusion/rule.ts'
import { assertSubnormals } from '../../fusion/self-test.ts'
import { type Validation, wrongSize } from '../../fusion/validate.ts'
import { compileKernels } from './compile-kernels.ts'
import { createControl, type FileNumbers, type Outcome, type Pass } from './job.ts'
import { measureFiles } from './measure.ts'
import { createOut, type FilesToOpen, openFiles } from './open-files.ts'
import { createThreads } from './threads.ts'

/** Bytes of all files that the calling thread fuses before others would have started. */
const LITTLE_BYTES = 100e6
/** Of more, a leaf takes so long that what else it does would wait. */
const FEW_FILES = 17
/** More threads than memory has bandwidth for only take room. */
const MAX_WORKERS = 4
/** Leaves that threads without kernels hold at once, all together: a mebibyte each. */
const MAX_LEAVES = 130
/** Inputs that are counted at once, by all threads together: each takes a quarter of a mebibyte. */
const MAX_COUNTED = 128

export interface FusionEngineOptions {
  /** Threads; 0: the calling one does the work. Default: that for models of a few megabytes, else one for each processor, at most 4. */
  readonly workers?: number | undefined
  /** False: JavaScript alone, slower and with the same bits. Default: WebAssembly where the machine has it. */
  readonly usesKernels?: boolean | undefined
}

export interface FuseFilesOptions extends FilesToOpen {
  /** For example `mean/1`. */
  readonly rule: string
  /** The rule's parameters, as a genesis states them. */
  readonly params: FusionParams
  /** Rows that each input states; `weighted-mean/1` needs them. */
  readonly rows?: readonly number[] | undefined
  /** Where the result goes: a file that is there is overwritten. After an error it holds nothing of worth. Null: only its digests are wanted. */
  readonly out: string | null
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: FusionProgress) => void) | undefined
}

export interface FusionProgress {
  /** From 1: some rules read all files several times. */
  readonly pass: number
  /** Bytes of the result that this pass has done. */
  readonly bytes: number
  readonly totalBytes: number
}

export interface FusedFile {
  /** SHA-256 of each 1 MiB leaf, 32 bytes each, in order: `treeOfDigests` makes the file's CID of them. */
  readonly digests: Uint8Array
  /** What `clipped-mean/1` found; else null. */
  readonly clipping: Clipping | null
}

export interface ValidateFileOptions {
  readonly layout: FilesToOpen['layout']
  readonly base: string
  readonly checkpoint: string
  /** The weights that a late contribution was trained from. Default: the base's, and nothing is rebased. */
  readonly parent?: string | undefined
  readonly signal?: AbortSignal | undefined
}

export interface DigestFilesOptions {
  readonly layout: FilesToOpen['layout']
  readonly paths: readonly string[]
  readonly signal?: AbortSignal | undefined
}

/** Fuses and checks files at the speed of memory, in a constant amount of it. */
export interface FusionEngine extends AsyncDisposable {
  /**
   * Fuses checkpoint files of one layout into the next: the bytes of `fuseCheckpoints`. The file is not synced.
   * @throws ColdmeshError as `fuseCheckpoints`; `bad-input` (a file that can't be read), `refused` (disk full, a thread that died), `aborted`
   */
  fuse(options: FuseFilesOptions): Promise<FusedFile>
  /** SHA-256 of each leaf of files of one layout, as in `FusedFile`. @throws ColdmeshError `bad-input`, `bad-checkpoint`, `aborted` */
  digest(options: DigestFilesOptions): Promise<readonly Uint8Array[]>
  /** Checks a checkpoint file as `validateCheckpoint` does. @throws ColdmeshError as it; `bad-input`, `aborted` */
  validate(options: ValidateFileOptions): Promise<Validation>
}

export function createFusionEngine(options: FusionEngineOptions = {}): FusionEngine {
  const { workers, usesKernels = true } = options
  const threads = createThreads(workers ?? Math.min(availableParallelism(), MAX_WORKERS))
  const own = workers === undefined ? createThreads(0) : threads
  const run = (files: FileNumbers, layout: FilesToOpen['layout'], given: RunGiven) => {
    const kernels = usesKernels ? compileKernels() : null
    const who = kernels !== null && isLittle(files, layout) ? own : threads
    return who.run(
      { layout, files, kernels, control: createControl(), isReporting: given.onUnit !== undefined, ...given.pass },
      { ...given, most: mostThreads(given.pass, files, kernels !== null) },
    )
  }

  return {
    async fuse({ rule, params, rows, out, signal, onProgress, ...toOpen }) {
      const { layout, inputs } = toOpen
      if (inputs.length === 0) throw new RangeError('a fusion needs at least one input')
      const stated = readRule({ rule, params, rows, inputs: inputs.length })
      checkDtypes(layout)
      assertSubnormals()
      using opened = openFiles(toOpen)
      const { totalBytes } = layout
      let passes = 0
      let lengthsAreRight = false
      const pass = async (next: Pass): Promise<readonly Outcome[]> => {
        const number = ++passes
        let units = 0
        const onUnit =
          onProgress &&
          (() => onProgress({ pass: number, bytes: Math.min(totalBytes, ++units * LEAF_BYTES), totalBytes }))
        const outcomes = await run(opened.files, layout, { pass: next, signal, onUnit })
        if (!lengthsAreRight) opened.requireLengths()
        lengthsAreRight = true
        return outcomes
      }
      const { ready, clipping, equalBefore } = await measureFiles(stated, { layout, inputs: inputs.length }, pass)
      const digests = new SharedArrayBuffer(leafCount(totalBytes) * DIGEST_BYTES)
      using made = out === null ? null : createOut(out, totalBytes)
      await pass({ kind: 'fuse', ready, out: made?.file ?? null, digests, equalBefore })
      return { digests: new Uint8Array(digests), clipping }
    },
    async digest({ layout, paths, signal }) {
      const [base = ''] = paths
      using opened = openFiles({ layout, base, inputs: paths })
      const each = leafCount(layout.totalBytes) * DIGEST_BYTES
      const digests = new SharedArrayBuffer(paths.length * each)
      await run(opened.files, layout, { pass: { kind: 'digest', digests }, signal, onUnit: undefined })
      return paths.map((_, index) => new Uint8Array(digests, index * each, each))
    },
    async validate({ layout, base, checkpoint, parent = null, signal }) {
      checkDtypes(layout)
      using opened = openFiles({ layout, base, inputs: [checkpoint], parents: [parent] })
      const outcomes = await run(opened.files, layout, { pass: { kind: 'validate' }, signal, onUnit: undefined })
      const faults = outcomes.flatMap(({ fault }) => fault ?? []).sort((a, b) => a.unit - b.unit)
      const [first] = faults
      if (first !== undefined) return first.verdict
      return opened.isInputLong() ? wrongSize(layout, 'more') : { ok: true }
    },
    [Symbol.asyncDispose]: () => threads[Symbol.asyncDispose](),
  }
}

function isLittle(files: FileNumbers, { totalBytes }: FilesToOpen['layout']): boolean {
  const count = countFiles(files)
  return count <= FEW_FILES && count * totalBytes <= LITTLE_BYTES
}

function countFiles({ inputs, parents }: FileNumbers): number {
  return 1 + inputs.length + parents.filter((file) => file !== null).length
}

/** Fewer where files are many: JavaScript takes whole leaves, and counting takes tables. */
function mostThreads({ kind }: Pass, files: FileNumbers, hasKernels: boolean): number {
  const most = Math.min(
    kind === 'count' ? MAX_COUNTED / files.inputs.length : Number.POSITIVE_INFINITY,
    hasKernels ? Number.POSITIVE_INFINITY : MAX_LEAVES / countFiles(files),
  )
  return Math.max(1, Math.floor(most))
}

interface RunGiven {
  readonly pass: Pass
  readonly signal: AbortSignal | undefined
  readonly onUnit: (() => void) | undefined
}
