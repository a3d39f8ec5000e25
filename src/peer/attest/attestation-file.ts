import { ENVELOPE_OVERHEAD_BYTES, MAX_EXPORT_KEY_BYTES } from '../../../protocols/wire/limits.ts'
import { readAtMost } from '../../adapters/files/read-at-most.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import { type Dsse, MAX_ATTESTATION_BYTES, readDsse } from './dsse.ts'
import { BUNDLE_TYPE } from './model-signing.ts'
import { EXPORT_KEY_SUFFIX } from './output-paths.ts'

/** An attestation as it lies on the disk; nothing is checked but its shape. */
export type AttestationFile =
  | {
      readonly kind: 'in-toto'
      readonly envelope: Dsse
      readonly statement: unknown
      readonly exportKey: Uint8Array | null
    }
  | {
      readonly kind: 'model-signing'
      readonly envelope: Dsse
      readonly statement: unknown
      readonly hint: unknown
      readonly exportKey: Uint8Array | null
    }
  | { readonly kind: 'ml-bom'; readonly bom: unknown }

/**
 * Reads an attestation of any of the three kinds, and the export key beside it.
 * @throws ColdmeshError `bad-input`: no such file, none of the three; `too-large`; `refused`
 */
export async function readAttestation(path: string): Promise<AttestationFile> {
  const bytes = await readWhole(path, MAX_ATTESTATION_BYTES)
  if (bytes === null) throw new ColdmeshError('bad-input', `There is no file ${path}.`, { hint: HINT })
  const value = parse(bytes, path)
  if (field(value, 'bomFormat') === 'CycloneDX') return { kind: 'ml-bom', bom: value }
  const isBundle = field(value, 'mediaType') === BUNDLE_TYPE
  const envelope = readDsse(isBundle ? field(value, 'dsseEnvelope') : value)
  const exportKey = await readWhole(`${path}${EXPORT_KEY_SUFFIX}`, MAX_EXPORT_KEY_BYTES + ENVELOPE_OVERHEAD_BYTES)
  const statement = parse(envelope.payload, path)
  if (!isBundle) return { kind: 'in-toto', envelope, statement, exportKey }
  const hint = field(field(field(value, 'verificationMaterial'), 'publicKey'), 'hint')
  return { kind: 'model-signing', envelope, statement, hint, exportKey }
}

const HINT = 'name a file that coldmesh export wrote with --in-toto, --model-signing or --ml-bom'

/** Null when there is no such file. */
async function readWhole(path: string, maxBytes: number): Promise<Uint8Array | null> {
  const bytes = await readAtMost(path, { maxBytes, hint: HINT })
  if (bytes === null || bytes.length <= maxBytes) return bytes
  throw new ColdmeshError('too-large', `${path} has more than ${maxBytes} bytes, which is what is read.`, {
    hint: HINT,
  })
}

function parse(bytes: Uint8Array, path: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw new ColdmeshError('bad-input', `${path} is no attestation: it is not JSON.`, { hint: HINT, cause })
  }
}

/** A field of whatever somebody wrote. */
export function field(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  return Object.entries(value).find(([key]) => key === name)?.[1]
}
