import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign as signBytes } from 'node:crypto'
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { type Genesis, genesis } from '../../../protocols/genesis/messages.ts'
import { idOf } from '../../../protocols/wire/codec.ts'
import { encodeEnvelope, preAuthentication, type Signed } from '../../../protocols/wire/envelope.ts'
import type { Declaration } from '../../../protocols/wire/message.ts'

/** A signing key that tests may know. Deterministic: the same label gives the same key in every run. */
export interface TestKey {
  readonly name: string
  /** 32 bytes. */
  readonly seed: Uint8Array
  /** 32 bytes. */
  readonly publicKey: Uint8Array
}

/** A genesis with the keys behind its committee. */
export interface TestNetwork {
  readonly genesis: Genesis
  /** Canonical bytes of the genesis. */
  readonly bytes: Uint8Array
  /** CID of the genesis. */
  readonly network: CID
  /** Keys of the committee, in the order of the genesis. */
  readonly members: readonly TestKey[]
}

const CODECS = { directory: 0x70, file: 0x70, raw: 0x55, message: 0x71 } as const

const digestOf = (label: string) => new Uint8Array(createHash('sha256').update(label).digest())

/** A well-formed CID of nothing, the same for the same label. */
export function testCid(label: string, codec: keyof typeof CODECS = 'directory'): CID {
  return CID.createV1(CODECS[codec], createDigest(0x12, digestOf(`cid ${label}`)))
}

export function testKey(name: string): TestKey {
  const known = keys.get(name)
  if (known) return known
  const seed = digestOf(`key ${name}`)
  const key = { name, seed, publicKey: publicKeyOf(seed) }
  keys.set(name, key)
  return key
}

const keys = new Map<string, TestKey>()

/** `count` keys named `label-0`, `label-1` ... */
export function testKeys(count: number, label = 'member'): readonly TestKey[] {
  return Array.from({ length: count }, (_, i) => testKey(`${label}-${i}`))
}

export const TEST_ROUND_POLICY: Genesis['round'] = {
  minContributions: 1,
  maxContributions: 8,
  collectMs: 1000,
  graceMs: 0,
  viewTimeoutMs: 1000,
  minBytesPerSecond: 1_000_000,
  maxViews: 4,
  keepRounds: 4,
  historyRounds: 8,
  maxStaleness: 0,
}

/** A network of `members` members (a number, or their keys); every other field of the genesis can be overridden. */
export function testNetwork({
  members = 4,
  round = {},
  ...fields
}: {
  readonly members?: number | readonly TestKey[]
  readonly round?: Partial<Genesis['round']>
} & Partial<Omit<Genesis, 'kind' | 'committee' | 'round'>> = {}): TestNetwork {
  const keys = typeof members === 'number' ? testKeys(members) : members
  const bytes = genesis.encode({
    name: 'test network',
    base: testCid('genesis base'),
    header: digestOf('header'),
    bytes: 1024,
    card: 'card/1',
    fusion: { rule: 'mean/1', params: {} },
    quorum: 'byzantine',
    contributors: 'open',
    gate: null,
    forkOf: null,
    ...fields,
    round: { ...TEST_ROUND_POLICY, ...round },
    committee: keys.map(({ name, publicKey }) => ({ name, key: publicKey })),
  })
  return { genesis: genesis.decode(bytes), bytes, network: idOf(bytes), members: keys }
}

/** Signs a message: `author` is the key's. The result is what `openEnvelope` gives for its envelope. */
export function sign<K extends string, T>(
  declaration: Declaration<K, T>,
  fields: Omit<T, 'kind' | 'author'>,
  key: TestKey,
): Signed<T> {
  const payload = declaration.encode(withAuthor<T>(fields, key.publicKey))
  return signPayload(declaration.decode(payload), payload, key)
}

/** Signs any bytes as a payload, well-formed or not. */
export function signPayload<T>(message: T, payload: Uint8Array, key: TestKey): Signed<T> {
  const signature = rawSignature(preAuthentication(payload), key)
  return { message, id: idOf(payload), payload, signature, envelope: encodeEnvelope(payload, signature) }
}

/** Ed25519 over exactly these bytes: 64 bytes. */
export function rawSignature(bytes: Uint8Array, key: Pick<TestKey, 'seed'>): Uint8Array {
  return new Uint8Array(signBytes(null, bytes, privateKeyOf(key.seed)))
}

function withAuthor<T>(fields: Omit<T, 'kind' | 'author'>, author: Uint8Array): Omit<T, 'kind'> {
  return { ...fields, author } as unknown as Omit<T, 'kind'>
}

const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')
const privateKeys = new Map<string, KeyObject>()

function privateKeyOf(seed: Uint8Array): KeyObject {
  const name = Buffer.from(seed).toString('hex')
  const cached = privateKeys.get(name)
  if (cached) return cached
  const created = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' })
  privateKeys.set(name, created)
  return created
}

function publicKeyOf(seed: Uint8Array): Uint8Array {
  const spki = createPublicKey(privateKeyOf(seed)).export({ format: 'der', type: 'spki' })
  return new Uint8Array(spki.subarray(-32))
}
