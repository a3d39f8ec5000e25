import { isColdmeshError } from '../../ports/errors.ts'
import { readAttestation } from './attestation-file.ts'
import { checkAttestation } from './check-attestation.ts'
import { openAttested } from './open-attested.ts'
import type { AttestationReport, AttestTarget } from './types.ts'

/**
 * Whether an in-toto statement, a model signature or a bill of materials tells the truth about a base.
 * @param options.dataDir where the base is, or what a directory or an archive lacks; only read
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
  try {
    await using attested = await openAttested(target, { dataDir, signal, allowsOthers: true })
    return await checkAttestation(file, attested, signal)
  } catch (error) {
    if (!('archive' in target) || !isColdmeshError(error, 'bad-input')) throw error
    // A damaged archive is a finding, like a damaged directory.
    const failures = [{ place: 'base', reason: error.message }]
    return { kind: file.kind, valid: false, signedBy: [], failures, unchecked: [] }
  }
}
