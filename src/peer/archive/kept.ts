import type { CID } from 'multiformats/cid'
import { type Archive, archive as archiveDeclaration } from '../../../protocols/archive/messages.ts'
import { equalCids } from '../../../protocols/wire/bytes.ts'
import { MalformedError } from '../../../protocols/wire/codec.ts'
import type { ContentStore } from '../../ports/content-store.ts'
import { isColdmeshError } from '../../ports/errors.ts'

const DAG_CBOR = 0x71

/**
 * The certificate of a base, from the archives that were imported into a data directory: their roots are pinned there. Whether it holds
 * is for who verifies the base.
 */
export async function archivedCertificate(options: {
  readonly pinned: readonly CID[]
  readonly store: Pick<ContentStore, 'get'>
  readonly network: CID
  readonly base: CID
}): Promise<Uint8Array | null> {
  for (const root of options.pinned) {
    const archive = await readArchive(root, options.store)
    const isOf =
      archive !== null && equalCids(archive.network, options.network) && equalCids(archive.base, options.base)
    if (isOf && archive.certificate !== null) return archive.certificate
  }
  return null
}

/** Null for what is no `archive/1`, or not here. */
export async function readArchive(root: CID, store: Pick<ContentStore, 'get'>): Promise<Archive | null> {
  if (root.code !== DAG_CBOR) return null
  try {
    return archiveDeclaration.decode(await store.get(root))
  } catch (error) {
    if (error instanceof MalformedError || isColdmeshError(error, 'block-missing')) return null
    if (isColdmeshError(error, 'block-corrupt')) return null
    throw error
  }
}
