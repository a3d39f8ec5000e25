import { readFile } from 'node:fs/promises'
import { MAX_CERTIFICATE_BYTES } from '../../../protocols/wire/limits.ts'
import { writeFileAtomic } from '../../adapters/files/atomic.ts'
import { diskError, systemCode } from '../../ports/disk-refusal.ts'
import { paths } from '../data-dir.ts'

/** The certificate of the base that a data directory's network began as, if it has one: what no CID leads to. */
export async function* readForkCertificate(dataDir: string): AsyncGenerator<Uint8Array> {
  const path = paths.fork(dataDir)
  try {
    yield new Uint8Array((await readFile(path)).subarray(0, MAX_CERTIFICATE_BYTES + 1))
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw diskError(error, 'read', path)
  }
}

export async function writeForkCertificate(dataDir: string, certificate: Uint8Array): Promise<void> {
  await writeFileAtomic(paths.fork(dataDir), certificate)
}
