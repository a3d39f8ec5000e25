import { type Archive, archive } from '../../../protocols/archive/messages.ts'
import { toHex } from '../../../protocols/wire/bytes.ts'
import { idOf } from '../../../protocols/wire/codec.ts'
import { entriesOf, map, text } from '../../support/protocols/cbor.ts'
import { testCid } from '../../support/protocols/network.ts'
import { type ArchiveSituation, judgeArchiveIn } from '../../support/protocols/situations.ts'
import { acceptedObject, freezeKind, rejected, stated, wrong } from './file.ts'
import { malformedMaps, NOT_OBJECTS, tooLong, withValue } from './malformed.ts'

const network = testCid('network', 'message')
const base = testCid('base')
const start = testCid('genesis base')
const certificate = new Uint8Array(300).fill(7)
const fields = { network, base, round: 3, certificate, contents: 'everything' } as const
const of = (more: Partial<Omit<Archive, 'kind'>>) => archive.encode({ ...fields, ...more })
const valid = of({})

const situation: ArchiveSituation = { start: String(start), round: 3 }
type Judged = readonly [name: string, bytes: Uint8Array, reason: string | null, view?: Partial<ArchiveSituation>]
const JUDGED: readonly Judged[] = [
  ['of the round that its base has', valid, null],
  ['a mere proposal', of({ certificate: null }), null],
  ['of the genesis’ base', of({ base: start, round: 0, certificate: null }), null],
  ['of a base whose lineage does not decode', valid, null, { round: null }],
  ['11.5 another round', of({ round: 4 }), 'archive-wrong-round'],
  ['11.5 a round of the genesis’ base', of({ base: start, round: 3, certificate: null }), 'archive-wrong-round'],
  ['11.5 round 0 of another base', of({ round: 0 }), 'archive-wrong-round'],
  ['11.5 a certificate of the genesis’ base', of({ base: start, round: 0 }), 'archive-certificate'],
]

export function makeArchive(): void {
  freezeKind('archive/archive.v1.json', {
    kind: archive.kind,
    carrier: 'object',
    accepted: [
      acceptedObject('of everything', valid),
      acceptedObject('of weights', of({ contents: 'weights' })),
      acceptedObject('of lineages alone', of({ contents: 'lineage' })),
      acceptedObject('without a certificate', of({ certificate: null })),
      acceptedObject('with the longest certificate', of({ certificate: new Uint8Array(16_384) })),
    ],
    rejected: [
      ...malformedMaps(valid, { uint: 'round', cid: 'base', required: 'contents' }),
      ...NOT_OBJECTS,
      tooLong(archive.maxBytes),
      wrong('a network that is no message', 'bad-field', map(withValue(entriesOf(valid), 'network', entryOf(of({ network }), 'base')))),
      wrong('another kind', 'bad-field', map(withValue(entriesOf(valid), 'kind', text('archive/2')))),
      wrong('contents that are not there', 'bad-field', map(withValue(entriesOf(valid), 'contents', text('all')))),
      wrong('a certificate as text', 'bad-field', map(withValue(entriesOf(valid), 'certificate', text('certificate')))),
    ].map(rejected),
    judged: JUDGED.map(([name, bytes, reason, more]) => {
      const view = { ...situation, ...more }
      const said = stated(judgeArchiveIn(bytes, view))
      const expected = reason === null ? { verdict: 'accept' } : { verdict: 'reject', reason }
      if (JSON.stringify(said) !== JSON.stringify(expected)) throw new Error(`${name}: ${JSON.stringify(said)}`)
      return { name, ...said, view, id: String(idOf(bytes)), hex: toHex(bytes) }
    }),
  })
}

function entryOf(bytes: Uint8Array, key: string): Uint8Array {
  const [, value] = entriesOf(bytes).find(([name]) => name === key) ?? []
  if (value === undefined) throw new Error(`no field ${key}`)
  return value
}
