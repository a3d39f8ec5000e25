import { CID } from 'multiformats/cid'
import { REGISTRY } from '../../protocols/registry.ts'
import { equalCids } from '../../protocols/wire/bytes.ts'
import { decodeCanonical, MalformedError } from '../../protocols/wire/codec.ts'
import { verifySignature } from '../../protocols/wire/crypto.ts'
import { preAuthentication } from '../../protocols/wire/envelope.ts'
import { ColdmeshError } from '../ports/errors.ts'

const KIND = /^[a-z]+(?:-[a-z]+)*\/[1-9][0-9]{0,5}$/
const MAX_BYTES = 64 * 1024
const HINT = 'Update coldmesh on this machine. Until then it votes for nothing that it does not understand.'

const KNOWN: ReadonlySet<string> = new Set(REGISTRY.map(({ declaration }) => declaration.kind))

/** The kind of bytes that are no object of a kind that we know, but say of themselves that they are of another version of it; else null. */
export function otherVersionOf(kind: string, bytes: Uint8Array, maxBytes: number): string | null {
  const found = kindOf(fieldsOf(bytes, maxBytes))
  return found !== null && found !== kind && found.split('/')[0] === kind.split('/')[0] ? found : null
}

export interface UnknownMessage {
  readonly kind: string
  readonly author: Uint8Array
}

/**
 * A message that a member rightly signed, of a kind that this version does not know: that member's software is newer. Of what
 * strangers sign nothing is said, or anybody could tell people to update.
 */
export function readUnknownMessage(
  envelope: Uint8Array,
  network: CID,
  isMember: (key: Uint8Array) => boolean,
): UnknownMessage | null {
  const { payload, signature } = fieldsOf(envelope, MAX_BYTES)
  if (!(payload instanceof Uint8Array) || !(signature instanceof Uint8Array)) return null
  const fields = fieldsOf(payload, MAX_BYTES)
  const [kind, named, { author }] = [kindOf(fields), CID.asCID(fields['network']), fields]
  if (kind === null || KNOWN.has(kind) || named === null || !equalCids(named, network)) return null
  if (!(author instanceof Uint8Array) || author.length !== 32 || signature.length !== 64 || !isMember(author))
    return null
  return verifySignature(preAuthentication(payload), signature, author) ? { kind, author } : null
}

/** What people are told: this version can go no further, or not take part. */
export function needsNewerVersion(what: string, reason: string): ColdmeshError {
  return new ColdmeshError('unsupported', `${what} is not known to this version: ${reason}.`, {
    facts: { reason },
    hint: HINT,
  })
}

function fieldsOf(bytes: Uint8Array, maxBytes: number): Readonly<Record<string, unknown>> {
  try {
    const value = decodeCanonical(bytes, maxBytes)
    const isMap = typeof value === 'object' && value !== null && !Array.isArray(value) && CID.asCID(value) === null
    return isMap ? { ...value } : {}
  } catch (error) {
    if (error instanceof MalformedError) return {}
    throw error
  }
}

function kindOf(fields: Readonly<Record<string, unknown>>): string | null {
  const { kind } = fields
  return typeof kind === 'string' && KIND.test(kind) ? kind : null
}
