import { base32 } from 'multiformats/bases/base32'
import { formatInvite, parseInvite } from '../../../protocols/membership/invite.ts'
import { invite } from '../../../protocols/membership/messages.ts'
import { joinBytes } from '../../../protocols/wire/bytes.ts'
import { MalformedError } from '../../../protocols/wire/codec.ts'
import { sha256 } from '../../../protocols/wire/crypto.ts'
import { byteString, entriesOf, inKeyOrder, list, map, text } from '../../support/protocols/cbor.ts'
import { testNetwork } from '../../support/protocols/network.ts'
import { acceptedObject, freeze, freezeKind, rejected, wrong } from './file.ts'
import { malformedMaps, NOT_OBJECTS, tooLong, WRONG_TEXTS, withValue } from './malformed.ts'

const { network } = testNetwork()
const addresses = ['/ip4/192.0.2.1/tcp/4001', '/dns4/peer.example/tcp/4001']
const valid = invite.encode({ network, addresses })
const field = (name: string, value: Uint8Array) => map(withValue(entriesOf(valid), name, value))

/** The text form of any bytes, with a checksum that fits. */
const spell = (bytes: Uint8Array) => `coldmesh1${base32.baseEncode(joinBytes([bytes, sha256(bytes).subarray(0, 4)]))}`

const plain = formatInvite({ network, addresses })
const changedAt = (at: number) => plain.slice(0, at) + (plain[at] === 'a' ? 'b' : 'a') + plain.slice(at + 1)

const WRONG_SPELLINGS: readonly (readonly [name: string, text: string, reason: string])[] = [
  ['nothing', '', 'not-an-invite'],
  ['another prefix', plain.replace('coldmesh1', 'coldmesh2'), 'not-an-invite'],
  ['the prefix alone', 'coldmesh1', 'checksum'],
  ['upper case', plain.toUpperCase(), 'not-an-invite'],
  ['a character outside base32', `${plain.slice(0, -1)}1`, 'not-an-invite'],
  ['one character changed', changedAt(40), 'checksum'],
  [
    'two characters swapped',
    plain.slice(0, 20) + plain.slice(20, 22).split('').reverse().join('') + plain.slice(22),
    'checksum',
  ],
  ['the end missing', plain.slice(0, -8), 'not-an-invite'],
  ['more after the end', `${plain}aaaaaaaa`, 'checksum'],
  ['a checksum over no bytes', spell(new Uint8Array()), 'not-cbor'],
  ['a checksum over another kind', spell(field('kind', text('invite/2'))), 'bad-field'],
  [
    'a checksum over an unknown field',
    spell(map(inKeyOrder([...entriesOf(valid), ['comments', text('hi')]]))),
    'unknown-field',
  ],
  ['far too long', 'coldmesh1'.padEnd(8193, 'a'), 'too-long'],
]

export function makeMembership(): void {
  freezeKind('membership/invite.v1.json', {
    kind: invite.kind,
    carrier: 'object',
    accepted: [
      acceptedObject('two addresses', valid),
      acceptedObject('no address', invite.encode({ network, addresses: [] })),
    ],
    rejected: [
      ...malformedMaps(valid, { cid: 'network', required: 'addresses' }),
      ...NOT_OBJECTS,
      tooLong(invite.maxBytes),
      wrong('another kind', 'bad-field', field('kind', text('genesis/1'))),
      wrong(
        '17 addresses',
        'bad-field',
        field('addresses', list(Array.from({ length: 17 }, () => text('/ip4/192.0.2.1')))),
      ),
      wrong('an address as bytes', 'bad-field', field('addresses', list([byteString(Uint8Array.of(4, 127, 0, 0, 1))]))),
      ...WRONG_TEXTS.map(([name, reason, value]) =>
        wrong(`addresses[0]: ${name}`, reason, field('addresses', list([value]))),
      ),
    ].map(rejected),
  })
  for (const [name, spelling, reason] of WRONG_SPELLINGS) {
    const said = reasonOf(spelling)
    if (said !== reason) throw new Error(`${name}: ${said}`)
  }
  freeze('membership/invite-text.v1.json', {
    network: String(network),
    accepted: [
      { name: 'two addresses', text: plain, addresses },
      { name: 'no address', text: formatInvite({ network, addresses: [] }), addresses: [] },
      { name: 'spaces and a new line around it', text: `  ${plain}\n`, addresses },
    ],
    rejected: WRONG_SPELLINGS.map(([name, spelling, reason]) => ({ name, text: spelling, reason })),
  })
}

function reasonOf(spelling: string): string | null {
  try {
    parseInvite(spelling)
    return null
  } catch (error) {
    if (error instanceof MalformedError) return error.reason
    throw error
  }
}
