import { readAttestation } from './attestation-file.ts'
import { checkAttestation } from './check-attestation.ts'
import { openAttested } from './open-attested.ts'
import type { AttestationReport, AttestTarget } from './types.ts'

/**
 * Whether an in-toto statement, a model signature or a bill of materials tells the truth about a base.
 * @param options.dataDir where the base is, or for a directory the history behind it; only read
 * @throws ColdmeshError `bad-input`: no such file or base; `too-large`, `refused`, `aborted`
 */
export async function verifyAttestation(options: {
  readonly target: AttestTarget
  readonly file: string
  readonly dataDir?: string
  readonly signal?: AbortSignal
}): Promise<AttestationReport> {
  const { target, dataDir = null, signal } = options
  const file = await readAttestation(options.file)
  await using attested = await openAttested(target, { dataDir, signal, allowsOthers: true })
  return await checkAttestation(file, attested, signal)
}
