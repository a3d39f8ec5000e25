import type { VerifyLevel } from '../verify-types.ts'
import type { LicenceWarning } from './licence-warnings.ts'

/** A certified base of a data directory's network, the directory of an exported one, or an archive. */
export type AttestTarget = { readonly base: string } | { readonly directory: string } | { readonly archive: string }

export interface AttestOptions {
  readonly target: AttestTarget
  /** Whose keys sign, and where the history is, or what a directory or archive lacks. Only read, but for the export key, so a daemon may run on it. */
  readonly dataDir?: string
  /** Where an in-toto statement in a DSSE envelope goes. */
  readonly inToto?: string
  /** Where a bundle of OpenSSF Model Signing goes. */
  readonly modelSigning?: string
  /** Where a CycloneDX bill of materials goes; unsigned. */
  readonly mlBom?: string
  /** The base is verified first, and the in-toto statement says so. */
  readonly level?: VerifyLevel
  readonly signal?: AbortSignal
}

export interface Attested {
  readonly base: string
  /** Paths of everything that was written. */
  readonly files: readonly string[]
  /** Who signed; null where only a bill of materials was written. */
  readonly signedBy: { readonly author: string; readonly exportKey: string } | null
  /** About licences; empty where no bill of materials was asked for. */
  readonly warnings: readonly LicenceWarning[]
}

export const ATTESTATION_KINDS = ['in-toto', 'model-signing', 'ml-bom'] as const
export type AttestationKind = (typeof ATTESTATION_KINDS)[number]

/** What an attestation's file says, compared with the base. */
export interface AttestationReport {
  readonly kind: AttestationKind
  /** No failure, and signed where it should be. */
  readonly valid: boolean
  /** Keys whose signatures hold. `author`: the peer behind the key; null where nothing binds it to one. */
  readonly signedBy: readonly {
    readonly algorithm: 'ed25519' | 'ecdsa-p256-sha256'
    /** Hex: an Ed25519 public key, or the SHA-256 of a P-256 key's DER form. */
    readonly key: string
    readonly author: string | null
    /** Name in the committee of the base's round; null for others, and where that is not known. */
    readonly member: string | null
  }[]
  /** `place` in the file, with what is wrong there. May hold a peer's text. */
  readonly failures: readonly { readonly place: string; readonly reason: string }[]
  /** Places that nothing here tells the truth of. */
  readonly unchecked: readonly string[]
}

export type { LicenceWarning }
