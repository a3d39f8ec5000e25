import { existsSync } from 'node:fs'
import { paths } from './data-dir.ts'
import { openBefore } from './fork/before.ts'
import { readForkCertificate } from './fork/record.ts'
import { verifyDirectory as verifyFiles } from './history/directory.ts'
import { openToRead } from './store/open-to-read.ts'
import type { VerifyOptions, VerifyReport } from './types.ts'

/**
 * Verifies an exported base: a directory, with `DIR.certificate.cbor` and `DIR.genesis.cbor` beside it.
 * @param options.dataDir a data directory whose blocks may hold the rounds before and their inputs; only read, so a daemon
 * may run on it
 * @throws ColdmeshError `bad-input` when `dir` is no directory, or `fromDir` no data directory, `refused` when it can't be read, `aborted`
 */
export async function verifyDirectory(
  dir: string,
  { dataDir, fromDir, ...rest }: VerifyOptions & { readonly dataDir?: string } = {},
): Promise<VerifyReport> {
  await using before = fromDir === undefined ? null : await openBefore(fromDir)
  const options = { ...rest, before }
  if (dataDir === undefined || !existsSync(paths.blocks(dataDir))) return await verifyFiles(dir, options)
  await using fallback = await openToRead(dataDir)
  const [certificate] = await Array.fromAsync(readForkCertificate(dataDir))
  return await verifyFiles(dir, {
    ...options,
    fallback,
    ...(certificate === undefined ? {} : { forkCertificate: certificate }),
  })
}
