import { open, realpath } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'
import type { CID } from 'multiformats/cid'
import { admitFile } from '../../adapters/fusion/admit-file.ts'
import type { Layout } from '../../checkpoint/layout.ts'
import { diskRefusal } from '../../ports/disk-refusal.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import type { WeightFiles } from '../../ports/weight-files.ts'

export interface Admission {
  readonly files: Pick<WeightFiles, 'make' | 'link'>
  /** Of a canonical file. */
  readonly path: string
  readonly layout: Layout
}

const SYNC_EVERY_MS = 10

/**
 * Copies a canonical file into the store in one pass, checked; null when one of its values is not finite.
 * @throws ColdmeshError `bad-input`, `bad-checkpoint` (its length), `refused`
 */
export async function copyWeights({ files, path, layout }: Admission): Promise<CID | null> {
  await using making = await files.make(layout.totalBytes)
  const digests = await syncedMeanwhile(making.path, () => admitFile({ layout, path, out: making.path })).catch(refuse)
  return digests && (await making.finish(digests))
}

/** The same without a copy: the store names where it lies. @throws also `unsupported` */
export async function linkWeights({ files, path, layout }: Admission): Promise<CID> {
  const place = await realpath(path)
  return await files.link(place, async () => {
    const digests = await admitFile({ layout, path: place, out: null })
    if (digests !== null) return digests
    throw notFinite(path, 'without --nocopy, import says which tensor it is')
  })
}

export function notFinite(path: string, hint: string): ColdmeshError {
  return new ColdmeshError('bad-checkpoint', `${path} holds NaN or infinity.`, { hint })
}

function refuse(error: unknown): never {
  throw diskRefusal(error, 'write a file of weights', 'the data directory')
}

/** @throws ColdmeshError `bad-input`: it would have to be written anew */
export function requireCanonical(path: string | null, directory: string): string {
  if (path !== null) return path
  const message = `The weights in ${directory} are not one canonical file as the base needs it, so they cannot stay where they are.`
  throw new ColdmeshError('bad-input', message, {
    hint: 'import without --nocopy; or with --out BASE, and then BASE with --nocopy',
  })
}

/**
 * The disk keeps what is written as it comes: the last sync has little left to do.
 * @throws what a sync meanwhile met: the last one, by another handle, may not tell of it again
 */
async function syncedMeanwhile<T>(path: string, work: () => Promise<T>): Promise<T> {
  await using file = await open(path, 'r+')
  let isOver = false
  const syncing = (async () => {
    while (!isOver) {
      await setTimeout(SYNC_EVERY_MS)
      await file.datasync()
    }
  })()
  const isSynced = syncing.then(
    () => null,
    (error: unknown) => ({ error }),
  )
  let done: T
  try {
    done = await work()
  } finally {
    isOver = true
    await isSynced
  }
  await syncing
  return done
}
