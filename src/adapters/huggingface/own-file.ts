import { open } from 'node:fs/promises'
import { type Layout, MAX_DATA_START, parseLayout } from '../../checkpoint/layout.ts'
import { isColdmeshError } from '../../ports/errors.ts'
import type { WeightsFiles } from './weights-files.ts'

/** A model's one file of weights, where it is canonical already. */
export interface OwnFile {
  readonly path: string
  readonly layout: Layout
}

/** Null for several files, a pickle, and what is not canonical. */
export async function ownFileOf({ tensors }: WeightsFiles): Promise<OwnFile | null> {
  const paths = new Set(tensors.map(({ path }) => path))
  const [path] = paths
  if (paths.size !== 1 || path === undefined || !path.endsWith('.safetensors')) return null
  const layout = await readOwnLayout(path)
  return layout && { path, layout }
}

/** Its path, if it has this layout as it is. */
export async function sameFileOf(files: WeightsFiles, layout: Layout): Promise<string | null> {
  const own = await ownFileOf(files)
  return own !== null && isSameLayout(own.layout, layout) ? own.path : null
}

export function isSameLayout(a: Layout, b: Layout): boolean {
  return a.totalBytes === b.totalBytes && Buffer.from(a.header).equals(b.header)
}

async function readOwnLayout(path: string): Promise<Layout | null> {
  await using file = await open(path, 'r')
  const { size } = await file.stat()
  const start = new Uint8Array(Math.min(size, MAX_DATA_START))
  const { bytesRead } = await file.read(start, 0, start.length, 0)
  try {
    return parseLayout(start.subarray(0, bytesRead), size)
  } catch (error) {
    if (isColdmeshError(error, 'bad-checkpoint')) return null
    throw error
  }
}
