import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { LineageSource } from '../html/collect.ts'
import { dirOf } from './data-dir.ts'
import { openHistorySource } from './history.ts'

/** What a lineage is told from, until it is closed. */
export interface OpenedLineage extends AsyncDisposable {
  readonly source: LineageSource
  /** It may end before the genesis: the directory of an exported base has its own round alone. */
  readonly isPartial: boolean
}

/**
 * Opens what somebody named: an archive, the directory of an exported base, or a base of a data directory.
 * @param target a path, or a base's CID; absent: the newest base of the data directory
 * @throws ColdmeshError `bad-input`, `refused`
 */
export async function openLineage(
  target: string | undefined,
  { options, signal }: { readonly options: { readonly dir: string | undefined }; readonly signal: AbortSignal },
): Promise<OpenedLineage> {
  const found = target === undefined ? undefined : statSync(target, { throwIfNoEntry: false })
  if (target !== undefined && found !== undefined) return await openPath(resolve(target), !found.isFile(), signal)
  const history = await openHistorySource(dirOf(options), signal)
  const source: LineageSource = {
    network: history.network,
    networkName: history.networkName,
    head: target ?? history.head,
    log: () => history.log(target),
    reports: (of) => history.reports(of),
    fork: () => history.fork(),
    measure: (of) => history.measure(of),
  }
  return { source, isPartial: false, [Symbol.asyncDispose]: () => history[Symbol.asyncDispose]() }
}

async function openPath(path: string, isPartial: boolean, signal: AbortSignal): Promise<OpenedLineage> {
  const { openExported } = await import('coldmesh/history')
  const exported = await openExported(path, { signal })
  const source: LineageSource = {
    network: exported.network,
    networkName: exported.networkName,
    head: exported.base,
    log: () => exported.log(),
    reports: async () => [],
    fork: () => exported.fork(),
    measure: (of) => exported.measure(of),
  }
  return { source, isPartial, [Symbol.asyncDispose]: () => exported[Symbol.asyncDispose]() }
}
