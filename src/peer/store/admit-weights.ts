import { realpath } from 'node:fs/promises'
import type { CID } from 'multiformats/cid'
import type { FusionEngine } from '../../adapters/fusion/engine.ts'
import type { Layout } from '../../checkpoint/layout.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import type { WeightFiles } from '../../ports/weight-files.ts'

export interface Admission {
  readonly engine: Pick<FusionEngine, 'admit'>
  readonly files: Pick<WeightFiles, 'make' | 'link'>
  /** Of a canonical file. */
  readonly path: string
  readonly layout: Layout
}

/** Copies a canonical file into the store in one pass, checked; null when one of its values is not finite. @throws as `FusionEngine.admit` */
export async function copyWeights({ engine, files, path, layout }: Admission): Promise<CID | null> {
  await using making = await files.make(layout.totalBytes)
  const digests = await engine.admit({ layout, path, out: making.path })
  return digests && (await making.finish(digests))
}

/** The same without a copy: the store names where it lies. */
export async function linkWeights({ engine, files, path, layout }: Admission): Promise<CID> {
  const place = await realpath(path)
  return await files.link(place, async () => {
    const digests = await engine.admit({ layout, path: place, out: null })
    if (digests !== null) return digests
    throw new ColdmeshError('bad-checkpoint', `${path} holds NaN or infinity.`, {
      hint: 'without --nocopy, import says which tensor it is',
    })
  })
}

/** @throws ColdmeshError `bad-input`: it would have to be written anew */
export function requireCanonical(path: string | null, directory: string): string {
  if (path !== null) return path
  throw new ColdmeshError(
    'bad-input',
    `The weights in ${directory} are not one canonical file, so they cannot stay where they are.`,
    {
      hint: 'import without --nocopy; or with --out BASE, and then BASE with --nocopy',
    },
  )
}
