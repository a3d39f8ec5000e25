import { certify } from '../../../protocols/round/certificate.ts'
import { type Certificate, certificate, type Precommit, precommit, prevote } from '../../../protocols/round/messages.ts'
import { compareBytes, toHex } from '../../../protocols/wire/bytes.ts'
import { encodeCanonical } from '../../../protocols/wire/codec.ts'
import type { Signed } from '../../../protocols/wire/envelope.ts'
import { entriesOf, head, list, map, text } from '../../support/protocols/cbor.ts'
import { precommitsBy } from '../../support/protocols/messages.ts'
import { sign, testCid, testKey, testNetwork } from '../../support/protocols/network.ts'
import { type CertificateSituation, judgeCertificateIn } from '../../support/protocols/situations.ts'
import type { Vector } from '../../support/protocols/vectors.ts'
import { acceptedObject, freezeKind, rejected, stated, wrong } from './file.ts'
import { malformedMaps, NOT_OBJECTS, tooLong, withValue } from './malformed.ts'
import { malleated, OTHER_NETWORK } from './signed.ts'

const net = testNetwork()
const { network } = net
const members = [...net.members].sort((a, b) => compareBytes(a.publicKey, b.publicKey))
const base = testCid('next base')
const vote = { network, round: 1, view: 0, base }
const valid = certify(precommitsBy(members, vote), 3)
const read = certificate.decode(valid)
const pairs = (votes: readonly Signed<Precommit>[]) =>
  votes.map(({ message, signature }) => ({ author: message.author, signature }))
const allFour = pairs(precommitsBy(members, vote))
const [one, two, three, four] = allFour
if (!one || !two || !three || !four) throw new Error('four signatures')
const [first] = members
if (!first) throw new Error('a member')

const withFields = (fields: Partial<Omit<Certificate, 'kind'>>) => certificate.encode({ ...read, ...fields })
const field = (name: string, value: Uint8Array) => map(withValue(entriesOf(valid), name, value))
const signedBy = (signature: Uint8Array) => withFields({ signatures: [{ ...one, signature }, two, three] })

const sixtyFour = withFields({ signatures: Array.from({ length: 64 }, () => one) })

const stranger = testKey('stranger')
const withStranger = [...pairs(precommitsBy([stranger], vote)), one, two].sort((a, b) =>
  compareBytes(a.author, b.author),
)
const smallOrder = { author: new Uint8Array(32), signature: new Uint8Array(64) }

const situation: CertificateSituation = { quorum: 3, members: members.map(({ publicKey }) => toHex(publicKey)) }
const otherBase = precommitsBy(members, { ...vote, base: testCid('other base') })
const nil = precommitsBy(members, { ...vote, base: null })

type Judged = readonly [name: string, bytes: Uint8Array, reason: string | null, view?: CertificateSituation]

const JUDGED: readonly Judged[] = [
  ['three of four', valid, null],
  ['any three of four', withFields({ signatures: [one, three, four] }), null],
  ['one of one', withFields({ signatures: [one] }), null, { quorum: 1, members: situation.members.slice(0, 1) }],
  ['5.1 another network', withFields({ network: OTHER_NETWORK }), 'certificate-wrong-network'],
  ['5.2 two of four', withFields({ signatures: [one, two] }), 'certificate-no-quorum'],
  ['5.2 four where three decide', withFields({ signatures: allFour }), 'certificate-no-quorum'],
  ['5.2 one member twice', withFields({ signatures: [one, one, two] }), 'certificate-signers-not-distinct'],
  [
    '5.2 not in the order of authors',
    withFields({ signatures: [two, one, three] }),
    'certificate-signers-not-distinct',
  ],
  ['5.2 a stranger', withFields({ signatures: withStranger }), 'certificate-signer-not-a-member'],
  [
    '5.2 a member of an earlier committee',
    valid,
    'certificate-signer-not-a-member',
    { quorum: 3, members: situation.members.slice(1) },
  ],
  ['5.3 a signature with S + L', signedBy(malleated(one.signature)), 'certificate-bad-signature'],
  ['5.3 a signature of zeros', signedBy(new Uint8Array(64)), 'certificate-bad-signature'],
  ['5.3 another member’s signature', signedBy(two.signature), 'certificate-bad-signature'],
  ['5.3 a prevote', signedBy(sign(prevote, vote, first).signature), 'certificate-bad-signature'],
  ['5.3 a precommit for nothing', signedBy((nil[0] ?? one).signature), 'certificate-bad-signature'],
  [
    '5.3 precommits for another base',
    withFields({ signatures: pairs(otherBase.slice(0, 3)) }),
    'certificate-bad-signature',
  ],
  ['5.3 another round', withFields({ round: 2 }), 'certificate-bad-signature'],
  ['5.3 another view', withFields({ view: 1 }), 'certificate-bad-signature'],
  ['5.3 another base', withFields({ base: testCid('other base') }), 'certificate-bad-signature'],
  [
    '5.3 a small-order member',
    withFields({ signatures: [smallOrder] }),
    'certificate-bad-signature',
    { quorum: 1, members: ['00'.repeat(32)] },
  ],
  ['not a certificate', precommit.encode({ ...vote, author: first.publicKey }), 'certificate-unknown-field'],
]

function judged([name, bytes, reason, view = situation]: Judged): Vector {
  const said = stated(judgeCertificateIn(bytes, network, view))
  const expected = reason === null ? { verdict: 'accept' } : { verdict: 'reject', reason }
  if (JSON.stringify(said) !== JSON.stringify(expected)) throw new Error(`${name}: ${JSON.stringify(said)}`)
  return { name, ...said, view, hex: toHex(bytes) }
}

export function makeCertificate(): void {
  freezeKind('round/certificate.v1.json', {
    kind: certificate.kind,
    carrier: 'object',
    network: String(network),
    accepted: [acceptedObject('three signatures', valid), acceptedObject('64 signatures', sixtyFour)],
    rejected: [
      ...malformedMaps(valid, { uint: 'view', cid: 'base', required: 'signatures' }),
      ...NOT_OBJECTS,
      tooLong(certificate.maxBytes),
      wrong('another kind', 'bad-field', field('kind', text('precommit/1'))),
      wrong('round 0', 'bad-field', field('round', head('uint', 0))),
      wrong('no base', 'bad-field', field('base', Uint8Array.of(0xf6))),
      wrong('no signatures', 'bad-field', field('signatures', list([]))),
      wrong(
        '65 signatures',
        'bad-field',
        field('signatures', list(Array.from({ length: 65 }, () => encodeCanonical(one)))),
      ),
      wrong(
        'a signature of 63 bytes',
        'bad-field',
        field('signatures', list([encodeCanonical({ ...one, signature: new Uint8Array(63) })])),
      ),
      wrong(
        'a signature with a view',
        'unknown-field',
        field('signatures', list([encodeCanonical({ ...one, view: 0 })])),
      ),
    ].map(rejected),
    judged: JUDGED.map(judged),
  })
}
