import type { FusionParams } from '../../protocols/genesis/fusion.ts'
import { fuseWindow } from './fuse.ts'
import { createSpanFuser } from './javascript.ts'
import { checkDtypes, type FusionLayout } from './layout.ts'
import { createMagnitudes, type Kept } from './magnitudes.ts'
import { floatElements, measure, visitWindow } from './measure.ts'
import { type ReadyRule, readRule } from './rule.ts'
import { assertSubnormals } from './self-test.ts'
import { type Files, type OpenFile, readWindows, toWindow, WINDOW_BYTES, type Window } from './windows.ts'

/** A file that can be read anywhere, and from its beginning. */
export interface SampledFile {
  readonly open: OpenFile
  /** At most so many bytes from `offset` on; fewer where the file ends. */
  readonly readAt: (offset: number, bytes: number) => Promise<Uint8Array>
}

export interface SampleOptions {
  readonly rule: string
  readonly params: FusionParams
  readonly layout: FusionLayout
  readonly base: SampledFile
  /** In the order of their contribution ids' bytes. */
  readonly inputs: readonly SampledFile[]
  /** For each input the file of its parent's weights where it is rebased, else null. */
  readonly parents: readonly (SampledFile | null)[]
  /** Rows that each input states. */
  readonly rows: readonly number[]
  /** Of each input, in 65,536ths: what `clipped-mean/1` takes, as the inputs are not measured. */
  readonly factors: readonly number[]
  /** Indexes of windows, ascending, each once. */
  readonly windows: readonly number[]
}

export interface SampledWindow {
  readonly window: number
  readonly fused: Uint8Array<ArrayBuffer>
}

/**
 * Fuses some windows of a checkpoint alone: each has the bytes that `fuseCheckpoints` gives there. Of the files only these windows are read, but `ties/1` reads
 * all of them, for what each input keeps.
 * @throws ColdmeshError as `fuseCheckpoints`, for what is wrong in what is read
 */
export function fuseSample(options: SampleOptions): AsyncIterable<SampledWindow> {
  const { rule, params, rows, layout, inputs, factors } = options
  const stated = readRule({ rule, params, rows, inputs: inputs.length })
  checkDtypes(layout)
  assertSubnormals()
  if (stated.rule === 'ties/1') return sampleTies(options, () => measure(stated, filesOf(options)))
  if (stated.rule !== 'clipped-mean/1') return sampleAnywhere(options, stated)
  if (factors.length !== inputs.length) throw new RangeError('each input has a factor')
  return sampleAnywhere(options, { ...stated, factors })
}

async function* sampleAnywhere(options: SampleOptions, ready: ReadyRule): AsyncGenerator<SampledWindow> {
  for (const window of options.windows) {
    const read = await readWindow(options, window)
    yield { window, fused: fuseAlone(options.layout, read, ready) }
  }
}

function fuseAlone(layout: FusionLayout, window: Window, ready: ReadyRule): Uint8Array<ArrayBuffer> {
  return fuseWindow(layout, window, { ready, fuse: createSpanFuser(ready, window.inputs.length) })
}

async function readWindow({ layout, base, inputs, parents }: SampleOptions, index: number): Promise<Window> {
  const offset = index * WINDOW_BYTES
  const bytes = Math.min(WINDOW_BYTES, layout.totalBytes - offset)
  const read = async (file: SampledFile) => aligned(await file.readAt(offset, bytes))
  const [baseWindow = new Uint8Array(), ...windows] = await Promise.all([base, ...inputs].map(read))
  const parentWindows = await Promise.all(parents.map((file) => (file === null ? null : read(file))))
  return toWindow(layout, { offset, base: baseWindow, inputs: windows, parents: parentWindows })
}

/** At an address that every type can be read at. */
function aligned(bytes: Uint8Array): Uint8Array {
  return bytes.byteOffset % 4 === 0 ? bytes : Uint8Array.from(bytes)
}

/** Of equal magnitudes the first in the file are kept: how many come before a window, only those before it tell. */
async function* sampleTies(
  options: SampleOptions,
  prepare: () => Promise<{ readonly ready: ReadyRule }>,
): AsyncGenerator<SampledWindow> {
  const { layout, windows } = options
  const { ready } = await prepare()
  if (ready.rule !== 'ties/1') throw new Error('ties/1 was stated')
  const elements = floatElements(layout)
  if (ready.kept.every(({ equal }) => equal >= elements)) {
    yield* sampleAnywhere(options, ready)
    return
  }
  const wanted = new Set(windows)
  const last = windows.at(-1) ?? -1
  const magnitudesOf = createMagnitudes()
  const left = ready.kept.map((kept) => ({ ...kept }))
  let index = 0
  for await (const window of readWindows(filesOf(options))) {
    if (index > last) return
    if (wanted.has(index)) {
      yield { window: index, fused: fuseAlone(layout, window, { ...ready, kept: left.map((kept) => ({ ...kept })) }) }
    }
    visitWindow(window, ({ inputs, base, length }) => {
      for (const [input, values] of inputs.entries()) takeEqual(left[input], magnitudesOf(values, base, length), length)
    })
    index += 1
  }
}

function takeEqual(kept: { key: Kept['key']; equal: number } | undefined, bits: Uint32Array, length: number): void {
  if (kept === undefined) return
  for (let i = 0; i < length && kept.equal > 0; i++) if (bits[i] === kept.key) kept.equal -= 1
}

function filesOf({ layout, base, inputs, parents }: SampleOptions): Files {
  return {
    ...{ layout, base: base.open, inputs: inputs.map(({ open }) => open) },
    parents: parents.map((file) => file?.open ?? null),
  }
}
