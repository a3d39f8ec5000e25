import { z } from 'zod'
import { ColdmeshError } from '../../ports/errors.ts'

/** Payload type of every attestation: an in-toto Statement as JSON. */
export const STATEMENT_TYPE = 'application/vnd.in-toto+json'

/** Attestations that are read are at most this long: a bill of materials has about 7 KiB a round of two contributions. */
export const MAX_ATTESTATION_BYTES = 256 * 1024 * 1024
/** Signers of one envelope that is read. */
const MAX_SIGNATURES = 64

export interface DsseSignature {
  /** A hint: the public key in hex for Ed25519, the SHA-256 of its DER form for others; empty where none is given. */
  readonly keyid: string
  readonly sig: Uint8Array
}

/** A DSSE envelope in its JSON form, decoded; nothing is checked but its shape. */
export interface Dsse {
  readonly payload: Uint8Array
  readonly signatures: readonly DsseSignature[]
}

/** DSSE version 1: the bytes that are signed. */
export function statementPreAuthentication(payload: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`DSSEv1 ${STATEMENT_TYPE.length} ${STATEMENT_TYPE} ${payload.length} `), payload])
}

/** The envelope as JSON. */
export function dsseJson({ payload, signatures }: Dsse) {
  return {
    payload: base64(payload),
    payloadType: STATEMENT_TYPE,
    signatures: signatures.map(({ keyid, sig }) => ({ keyid, sig: base64(sig) })),
  }
}

const shape = z.object({
  payload: z.base64(),
  payloadType: z.literal(STATEMENT_TYPE),
  signatures: z
    .array(z.object({ keyid: z.string().max(200).default(''), sig: z.base64().max(1024) }))
    .min(1)
    .max(MAX_SIGNATURES),
})

/** @throws ColdmeshError `bad-input`, naming the first wrong field */
export function readDsse(value: unknown): Dsse {
  const parsed = shape.safeParse(value)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new ColdmeshError('bad-input', `It is no DSSE envelope of a statement: ${issue?.path.join('.')}.`, {
      hint: 'name the file that coldmesh export wrote',
    })
  }
  const { payload, signatures } = parsed.data
  return {
    payload: Buffer.from(payload, 'base64'),
    signatures: signatures.map(({ keyid, sig }) => ({ keyid, sig: Buffer.from(sig, 'base64') })),
  }
}

export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}
