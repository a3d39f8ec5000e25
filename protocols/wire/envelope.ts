import type { CID } from 'multiformats/cid'
import { equalCids } from './bytes.ts'
import { decodeCanonical, encodeCanonical, idOf, MalformedError } from './codec.ts'
import { verifySignature } from './crypto.ts'
import { bytes, record } from './fields.ts'
import { ENVELOPE_OVERHEAD_BYTES } from './limits.ts'
import type { Declaration } from './message.ts'
import { reject, type Verdict } from './verdict.ts'

/** DSSE payload type of every signed payload. */
export const PAYLOAD_TYPE = 'application/vnd.coldmesh+dag-cbor'

/** A signed payload, opened: its signature holds, its bytes are canonical, its fields are what they should be. */
export interface Signed<T> {
  readonly message: T
  /** Id of the payload. */
  readonly id: CID
  readonly payload: Uint8Array
  readonly signature: Uint8Array
  /** The envelope's bytes as they travel and as lineages embed them. */
  readonly envelope: Uint8Array
}

/** What opening needs of a declaration. */
type Readable<T> = Pick<Declaration<string, T>, 'kind' | 'maxBytes' | 'decode'>

interface SignedFields {
  readonly kind: string
  readonly network: CID
  readonly author: Uint8Array
}

/** DSSE v1 pre-authentication encoding of a payload: the bytes that are signed. */
export function preAuthentication(payload: Uint8Array): Uint8Array {
  const head = new TextEncoder().encode(`DSSEv1 ${PAYLOAD_TYPE.length} ${PAYLOAD_TYPE} ${payload.length} `)
  const joined = new Uint8Array(head.length + payload.length)
  joined.set(head)
  joined.set(payload, head.length)
  return joined
}

/** Envelope bytes. `signature` is over `preAuthentication(payload)`. */
export function encodeEnvelope(payload: Uint8Array, signature: Uint8Array): Uint8Array {
  return encodeCanonical({ payload, signature })
}

const envelopeFields = (maxBytes: number) =>
  record({ payload: bytes({ atMost: maxBytes }), signature: bytes({ exactly: 64 }) })

/**
 * Opens an envelope that must hold one of `declarations`, for `network`: lengths, cheap fields, then the signature.
 * A verdict other than a message is always `reject`: these are facts about the bytes.
 */
export function openEnvelope<T extends SignedFields>(
  envelope: Uint8Array,
  declarations: readonly Readable<T>[],
  network: CID,
): Signed<T> | Extract<Verdict, { verdict: 'reject' }> {
  try {
    const maxBytes = Math.max(...declarations.map((declaration) => declaration.maxBytes))
    const opened = envelopeFields(maxBytes).read(
      decodeCanonical(envelope, maxBytes + ENVELOPE_OVERHEAD_BYTES),
      'envelope',
    )
    const declaration = pickDeclaration(opened.payload, declarations, maxBytes)
    const message = declaration.decode(opened.payload)
    // [REJECT] SPEC 1.6: this network's.
    if (!equalCids(message.network, network)) return rejected('wrong-network')
    // [REJECT] SPEC 1.7: the author's valid signature.
    if (!verifySignature(preAuthentication(opened.payload), opened.signature, message.author)) {
      return rejected('bad-signature')
    }
    return { message, id: idOf(opened.payload), payload: opened.payload, signature: opened.signature, envelope }
  } catch (error) {
    if (error instanceof MalformedError) return rejected(error.reason)
    throw error
  }
}

/** True for an opened envelope, false for a verdict. */
export function isSigned<T>(opened: Signed<T> | Verdict): opened is Signed<T> {
  return 'envelope' in opened
}

function pickDeclaration<T>(payload: Uint8Array, declarations: readonly Readable<T>[], maxBytes: number): Readable<T> {
  // [REJECT] SPEC 1.5: a kind that is carried here.
  const value = decodeCanonical(payload, maxBytes)
  const kind = typeof value === 'object' && value !== null && 'kind' in value ? value.kind : undefined
  const declaration = declarations.find((candidate) => candidate.kind === kind)
  if (!declaration) throw new MalformedError('unknown-kind', typeof kind === 'string' ? kind : 'no kind')
  return declaration
}

function rejected(reason: string): Extract<Verdict, { verdict: 'reject' }> {
  const verdict = reject(reason)
  if (verdict.verdict !== 'reject') throw new Error('unreachable')
  return verdict
}
