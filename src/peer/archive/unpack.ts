import type { Archive } from '../../../protocols/archive/messages.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import { type Exported, exportContent } from '../history/export.ts'
import { openWholeArchive } from './whole-archive.ts'

/**
 * Writes the base of an archive as its directory, with its certificate and the genesis beside it: what `export --out` writes. The file
 * must be a whole archive; what it says is for `verify`.
 * @throws ColdmeshError `bad-input` for what is no archive, or when OUT is there already, `block-missing` for an archive without weights, `refused`, `aborted`
 */
export async function unpackArchive(
  path: string,
  options: { readonly out: string; readonly signal?: AbortSignal },
): Promise<Exported> {
  await using opened = await openWholeArchive(path, { signal: options.signal })
  const { archive, network, genesisBytes, store } = opened
  requireWeights(archive, path)
  return await exportContent({
    ...options,
    network,
    genesisBytes,
    store,
    cid: archive.base,
    certificateOf: () => archive.certificate,
  })
}

function requireWeights({ contents }: Archive, path: string): void {
  if (contents !== 'lineage') return
  throw new ColdmeshError('block-missing', `${path} has the lineage of its base, and not its files.`, {
    hint: 'ask for an archive with --contents weights or everything',
  })
}
