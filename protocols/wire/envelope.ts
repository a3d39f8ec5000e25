import type { CID } from 'multiformats/cid'
import { equalCids } from './bytes.ts'
import { checkLength, decodeCanonical, encodeCanonical, idOf, MalformedError } from './codec.ts'
import { sha256Text, verifySignature } from './crypto.ts'
import { bytes, record } from './fields.ts'
import { ENVELOPE_OVERHEAD_BYTES } from './limits.ts'
import { createMemo } from './memo.ts'
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
type Readable<T> = Pick<Declaration<string, T>, 'kind' | 'maxBytes' | 'read'>

interface SignedFields {
  readonly kind: string
  readonly network: CID
  readonly author: Uint8Array
}

const TEXT = new TextEncoder()

/** DSSE v1 pre-authentication encoding of a payload: the bytes that are signed. */
export function preAuthentication(payload: Uint8Array): Uint8Array {
  const head = TEXT.encode(`DSSEv1 ${PAYLOAD_TYPE.length} ${PAYLOAD_TYPE} ${payload.length} `)
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

/** What two rounds of 64 members say. Most are votes of a few hundred bytes; the longest, lists of 8 KiB, would be 4 MiB. */
const MAX_REMEMBERED_ENVELOPES = 512
const opened = createMemo<{ readonly declaration: Readable<unknown>; readonly signed: Signed<SignedFields> }>(
  MAX_REMEMBERED_ENVELOPES,
)

/**
 * Opens an envelope that must hold one of `declarations`, for `network`: lengths, cheap fields, then the signature.
 * A verdict other than a message is always `reject`: these are facts about the bytes.
 */
export function openEnvelope<T extends SignedFields>(
  envelope: Uint8Array,
  declarations: readonly Readable<T>[],
  network: CID,
): Signed<T> | Extract<Verdict, { verdict: 'reject' }> {
  // What an envelope holds never changes, and the same one comes by gossip, in lineages and after a restart.
  const name = sha256Text(envelope)
  const known = opened.get(name)
  if (
    known &&
    declarations.some((one) => one === known.declaration) &&
    equalCids(known.signed.message.network, network)
  )
    return known.signed as Signed<T>
  try {
    const { declaration, signed } = openNow(Uint8Array.from(envelope), declarations, network)
    opened.set(name, { declaration, signed })
    return signed
  } catch (error) {
    if (error instanceof MalformedError) return rejected(error.reason)
    throw error
  }
}

function openNow<T extends SignedFields>(
  envelope: Uint8Array,
  declarations: readonly Readable<T>[],
  network: CID,
): { readonly declaration: Readable<T>; readonly signed: Signed<T> } {
  const maxBytes = Math.max(...declarations.map((declaration) => declaration.maxBytes))
  const { payload, signature } = envelopeFields(maxBytes).read(
    decodeCanonical(envelope, maxBytes + ENVELOPE_OVERHEAD_BYTES),
    'envelope',
  )
  const { declaration, message } = readPayload(payload, declarations, maxBytes)
  // [REJECT] SPEC 1.6: this network's.
  if (!equalCids(message.network, network)) throw new MalformedError('wrong-network', 'of another network')
  // [REJECT] SPEC 1.7: the author's valid signature.
  if (!verifySignature(preAuthentication(payload), signature, message.author)) {
    throw new MalformedError('bad-signature', declaration.kind)
  }
  return { declaration, signed: { message, id: idOf(payload), payload, signature, envelope } }
}

/** True for an opened envelope, false for a verdict. */
export function isSigned<T>(opened: Signed<T> | Verdict): opened is Signed<T> {
  return 'envelope' in opened
}

function readPayload<T>(
  payload: Uint8Array,
  declarations: readonly Readable<T>[],
  maxBytes: number,
): { readonly declaration: Readable<T>; readonly message: T } {
  // [REJECT] SPEC 1.5: a kind that is carried here.
  const value = decodeCanonical(payload, maxBytes)
  const kind = typeof value === 'object' && value !== null && 'kind' in value ? value.kind : undefined
  const declaration = declarations.find((candidate) => candidate.kind === kind)
  if (!declaration) throw new MalformedError('unknown-kind', typeof kind === 'string' ? kind : 'no kind')
  checkLength(payload, declaration.maxBytes)
  return { declaration, message: declaration.read(value) }
}

function rejected(reason: string): Extract<Verdict, { verdict: 'reject' }> {
  const verdict = reject(reason)
  if (verdict.verdict !== 'reject') throw new Error('unreachable')
  return verdict
}
