import { exportKey } from '../../../protocols/attestation/messages.ts'
import { openExportKey } from '../../../protocols/attestation/rules.ts'
import { toHex } from '../../../protocols/wire/bytes.ts'
import { byteString, entriesOf, map, text } from '../../support/protocols/cbor.ts'
import { exportKeyBy, signP256, testExportKey } from '../../support/protocols/export-keys.ts'
import { contributionBy } from '../../support/protocols/messages.ts'
import { signPayload, testKey, testNetwork } from '../../support/protocols/network.ts'
import { acceptedEnvelope, freezeKind, rejected, stated, wrong } from './file.ts'
import { withValue } from './malformed.ts'
import { malformedEnvelopes, OTHER_NETWORK } from './signed.ts'

const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

const net = testNetwork()
const author = testKey('contributor')
const other = testKey('stranger')
const key = testExportKey('contributor')
const plain = exportKeyBy(author, net, key)
const { proof } = plain.message
const by = (fields: { readonly key?: Uint8Array; readonly proof?: Uint8Array }) => exportKeyBy(author, net, key, fields)
const field = (name: string, value: Uint8Array) =>
  signPayload(null, map(withValue(entriesOf(plain.payload), name, value)), author).envelope

function changed(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy[at] = (copy[at] ?? 0) ^ 1
  return copy
}

const toNumber = (bytes: Uint8Array) => BigInt(`0x${toHex(bytes)}`)
const toBytes = (value: bigint) => new Uint8Array(Buffer.from(value.toString(16).padStart(64, '0'), 'hex'))
const proofOf = (r: bigint, s: bigint) => new Uint8Array([...toBytes(r), ...toBytes(s)])
const [r, s] = [toNumber(proof.subarray(0, 32)), toNumber(proof.subarray(32))]

const JUDGED: readonly (readonly [name: string, envelope: Uint8Array, reason: string | null])[] = [
  ['its own key', plain.envelope, null],
  ['the other value of s', by({ proof: proofOf(r, ORDER - s) }).envelope, null],
  ['12.1 a point off the curve', by({ key: changed(key.spki, 90) }).envelope, 'bad-export-key'],
  ['12.1 another curve in its prefix', by({ key: changed(key.spki, 22) }).envelope, 'bad-export-key'],
  ['12.1 a hybrid point', by({ key: key.spki.map((b, i) => (i === 26 ? 6 : b)) }).envelope, 'bad-export-key'],
  ['12.1 x of the prime', by({ key: key.spki.map((b, i) => (i > 26 && i < 59 ? 255 : b)) }).envelope, 'bad-export-key'],
  ['12.1 zeros', by({ key: new Uint8Array(91) }).envelope, 'bad-export-key'],
  ['12.2 another’s key, and no proof', by({ key: testExportKey('stranger').spki }).envelope, 'bad-proof'],
  ['12.2 another author’s proof', by({ proof: exportKeyBy(other, net, key).message.proof }).envelope, 'bad-proof'],
  ['12.2 another network’s proof', by({ proof: exportKeyBy(author, { network: OTHER_NETWORK }, key).message.proof }).envelope, 'bad-proof'],
  ['12.2 over the key alone', by({ proof: signP256(key.spki, key) }).envelope, 'bad-proof'],
  ['12.2 one bit changed', by({ proof: changed(proof, 5) }).envelope, 'bad-proof'],
  ['12.2 r and s of zero', by({ proof: new Uint8Array(64) }).envelope, 'bad-proof'],
  ['12.2 r of zero', by({ proof: proofOf(0n, s) }).envelope, 'bad-proof'],
  ['12.2 s and the order', by({ proof: proofOf(r, s + ORDER < 1n << 256n ? s + ORDER : ORDER) }).envelope, 'bad-proof'],
]

export function makeExportKey(): void {
  freezeKind('attestation/export-key.v1.json', {
    kind: exportKey.kind,
    carrier: 'envelope',
    network: String(net.network),
    accepted: [
      acceptedEnvelope('of a contributor', plain),
      acceptedEnvelope('of a member', exportKeyBy(net.members[0] ?? author, net, testExportKey('member'))),
    ],
    rejected: [
      wrong('another algorithm', 'bad-field', field('algorithm', text('ecdsa-p384-sha384'))),
      wrong('a proof in DER', 'bad-field', field('proof', byteString(new Uint8Array(70)))),
      wrong('a compressed point', 'bad-field', field('key', byteString(key.spki.subarray(0, 59)))),
      ...malformedEnvelopes({
        valid: plain,
        key: author,
        declaration: exportKey,
        fields: { cid: 'network', bytes: 'key', required: 'proof' },
        topicMaxBytes: exportKey.maxBytes,
        otherKind: contributionBy(author, net),
        otherNetwork: exportKeyBy(author, { network: OTHER_NETWORK }, key),
      }).filter(({ name }) => name !== 'payload: network: identity'),
    ].map(rejected),
    judged: JUDGED.map(([name, envelope, reason]) => {
      const opened = openExportKey(envelope, net.network)
      const said = stated('verdict' in opened ? opened : { verdict: 'accept' })
      const expected = reason === null ? { verdict: 'accept' as const } : { verdict: 'reject' as const, reason }
      if (JSON.stringify(said) !== JSON.stringify(expected)) throw new Error(`${name}: ${JSON.stringify(said)}`)
      return { name, ...expected, view: {}, hex: toHex(envelope) }
    }),
  })
}
