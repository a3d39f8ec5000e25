import { existsSync } from 'node:fs'
import { isWebUrl } from './archive/at-url.ts'
import type { ArchiveReport } from './archive/types.ts'
import { verifyArchiveFile } from './archive/verify.ts'
import { verifyUrl } from './archive/verify-url.ts'
import { paths } from './data-dir.ts'
import { openBefore } from './fork/before.ts'
import { readForkCertificate } from './fork/record.ts'
import { openToRead } from './store/open-to-read.ts'
import type { VerifyOptions } from './types.ts'

export interface VerifyArchiveSourceOptions extends VerifyOptions {
  /** A data directory whose blocks may be what the archive leaves out; only read, so a daemon may run on it. */
  readonly dataDir?: string
  /** Of a base at a gateway, which does not contain its own. */
  readonly certificate?: Uint8Array
  /** Of all that is fetched from a URL. Default 16 GiB. */
  readonly maxBytes?: number
}

/**
 * Verifies an archive, and the history in it.
 * @param source a file, or an http or https URL: of an archive's bytes, or of an archive's root or a base at a Trustless Gateway
 * @throws ColdmeshError `bad-input`, `refused`, `aborted`; of a URL also `unreachable`, `deadline`, `too-large`
 */
export async function verifyArchive(
  source: string,
  { dataDir, fromDir, ...rest }: VerifyArchiveSourceOptions = {},
): Promise<ArchiveReport> {
  await using before = fromDir === undefined ? null : await openBefore(fromDir)
  const verify = isWebUrl(source) ? verifyUrl : verifyArchiveFile
  if (dataDir === undefined || !existsSync(paths.blocks(dataDir))) return await verify(source, { ...rest, before })
  await using fallback = await openToRead(dataDir)
  const [certificate] = await Array.fromAsync(readForkCertificate(dataDir))
  const known = certificate === undefined ? {} : { forkCertificate: certificate }
  return await verify(source, { ...rest, before, fallback, ...known })
}
