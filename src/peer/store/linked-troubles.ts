import { ColdmeshError } from '../../ports/errors.ts'
import type { Troubles } from '../troubles.ts'
import type { OpenContentStore } from './content-store.ts'

/**
 * Tells of files that were imported where they are and are not what they were, until their weights are here again.
 * @returns what looks again: true when one more changed since
 */
export function createLinkedTroubles(store: Pick<OpenContentStore, 'changedLinks' | 'files'>, troubles: Troubles) {
  let told = new Set<string>()

  return async function look(): Promise<boolean> {
    const found = await store.changedLinks()
    const isMore = found.some(({ path }) => !told.has(path))
    for (const { path } of found) {
      told.add(path)
      troubles.report(`weights ${path}`, changed(path))
    }
    // Those whose leaves came meanwhile are copies from now on.
    for (const { root } of found) await (await store.files.open(root))?.[Symbol.asyncDispose]()
    // Of these the first look tells once more.
    await store.changedLinks()
    const left = new Set((await store.changedLinks()).map(({ path }) => path))
    for (const path of told) if (!left.has(path)) troubles.over(`weights ${path}`)
    told = left
    return isMore
  }
}

function changed(path: string): ColdmeshError {
  return new ColdmeshError('block-corrupt', `${path} was imported with --nocopy, and was changed or removed since.`, {
    facts: { path },
    hint: 'Its weights are fetched from peers, into a copy. Or put the file back and import it again.',
  })
}
