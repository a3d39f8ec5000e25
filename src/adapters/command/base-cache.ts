import { rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Model } from '../../ports/trainer.ts'
import { WEIGHTS_FILE } from './contract.ts'
import { makeOwned, writeBase } from './work-directory.ts'

/** Keeps the base that was asked for last on disk: evaluations over several seeds begin from one, of perhaps many gigabytes. */
export interface BaseCache {
  /** A directory with the model's files. */
  directoryOf(model: Model): Promise<string>
  /** Leaves the directory to the caller, who keeps it; null when there is none. */
  giveAway(): string | null
  clear(): Promise<void>
}

export function createBaseCache(dir: string): BaseCache {
  /** `body` says which model it was, and keeps it from nobody's collection. */
  let kept: { readonly body: WeakRef<Model['body']>; readonly path: string; readonly mark: string | null } | null = null

  async function clear(): Promise<void> {
    const path = kept?.path
    kept = null
    if (path !== undefined) await rm(path, { recursive: true, force: true })
  }

  return {
    clear,
    giveAway() {
      const path = kept?.path ?? null
      kept = null
      return path
    },
    async directoryOf(model) {
      // A program that wrote into its base made it another one.
      if (kept?.body.deref() === model.body && kept.mark === (await markOf(kept.path))) return kept.path
      await clear()
      const path = await makeOwned(dir, 'base')
      try {
        await writeBase(path, model)
      } catch (error) {
        await rm(path, { recursive: true, force: true })
        throw error
      }
      kept = { body: new WeakRef(model.body), path, mark: await markOf(path) }
      return path
    },
  }
}

/** Says whether the weights were written to since. */
async function markOf(path: string): Promise<string | null> {
  const about = await stat(join(path, WEIGHTS_FILE), { bigint: true }).catch(() => null)
  return about === null ? null : `${about.size} ${about.mtimeNs} ${about.ino}`
}
