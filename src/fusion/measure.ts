import { type Clipping, clipFactors } from '../../protocols/lineage/clipping.ts'
import { FLOAT_BYTES } from '../floats/dtypes.ts'
import { requireFinite, requireRebased, spanOf } from './check.ts'
import { type FusionLayout, fusedDtype } from './layout.ts'
import { createSelection, type Kept, keptElements } from './magnitudes.ts'
import type { ReadyRule, StatedRule } from './rule.ts'
import { type Block, visitBlocks } from './span.ts'
import { createSquares } from './squares.ts'
import { type Files, readWindows, type Window } from './windows.ts'

/** A rule that is ready to fuse, and what a lineage says of `clipped-mean/1`. */
export interface Measured {
  readonly ready: ReadyRule
  readonly clipping: Clipping | null
}

/** Makes a rule ready: the passes over all files that some rules take before they fuse. @throws ColdmeshError `bad-checkpoint` */
export async function measure(stated: StatedRule, files: Files): Promise<Measured> {
  if (stated.rule === 'clipped-mean/1') {
    const norms = await squaredNorms(files)
    const factors = clipFactors(norms)
    return { ready: { ...stated, factors }, clipping: { factors, norms } }
  }
  if (stated.rule !== 'ties/1') return { ready: stated, clipping: null }
  const { rule, step, scale, density } = stated
  return { ready: { rule, step, scale, kept: await selectKept(files, density) }, clipping: null }
}

async function squaredNorms(files: Files): Promise<readonly number[]> {
  const squares = createSquares(files.inputs.length)
  await visitAll(files, (block) => squares.add(block), squares.begin)
  return squares.end()
}

async function selectKept(files: Files, density: number): Promise<readonly Kept[]> {
  const count = files.inputs.length
  const elements = floatElements(files.layout)
  const kept = keptElements(elements, density)
  if (kept === elements) return files.inputs.map(() => ({ key: 0, equal: elements }))
  const selection = createSelection(count, kept)
  for (;;) {
    await visitAll(files, selection.add)
    const found = selection.next()
    if (found !== null) return found
  }
}

/** Elements of all float tensors. */
export function floatElements({ tensors }: FusionLayout): number {
  return tensors.reduce((total, tensor) => {
    const dtype = fusedDtype(tensor)
    return dtype === null ? total : total + (tensor.end - tensor.begin) / FLOAT_BYTES[dtype]
  }, 0)
}

/** All float elements in the files' order; late inputs as the values that they stand for. */
async function visitAll(files: Files, visit: (block: Block) => void, begin?: () => void): Promise<void> {
  for await (const window of readWindows(files)) visitWindow(window, visit, begin)
}

/**
 * A window's float elements in the files' order, block by block. `begin` is called before a tensor's first.
 * @throws ColdmeshError `bad-checkpoint` where one is not finite
 */
export function visitWindow(window: Window, visit: (block: Block) => void, begin?: () => void): void {
  for (const part of window.parts) {
    const dtype = fusedDtype(part.tensor)
    if (dtype === null) continue
    if (part.skipped === 0) begin?.()
    const span = spanOf(window, part, dtype)
    requireFinite(span, part)
    requireRebased(visitBlocks(span, { isRounded: true }, visit), span, part)
  }
}
