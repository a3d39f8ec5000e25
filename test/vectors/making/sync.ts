import {
  syncBase,
  syncBasesRequest,
  syncEnvelope,
  syncHead,
  syncHeadRequest,
  syncRoundRequest,
} from '../../../protocols/sync/messages.ts'
import type { Declaration } from '../../../protocols/wire/message.ts'
import { byteString, entriesOf, head, list, map, text } from '../../support/protocols/cbor.ts'
import { contributionBy } from '../../support/protocols/messages.ts'
import { testCid, testKey, testNetwork } from '../../support/protocols/network.ts'
import { acceptedObject, freezeKind, rejected, type Wrong, wrong } from './file.ts'
import { type Fields, malformedMaps, NOT_OBJECTS, tooLong, withValue } from './malformed.ts'

export interface SyncCase<T> {
  readonly declaration: Declaration<string, T>
  readonly values: Readonly<Record<string, Omit<T, 'kind'>>>
  readonly fields: Fields
  readonly wrong: (field: (name: string, value: Uint8Array) => Uint8Array) => readonly Wrong[]
}

export function makeSyncKind<T>({ declaration, values, fields, wrong: others }: SyncCase<T>): void {
  const accepted = Object.entries(values).map(([name, value]) => acceptedObject(name, declaration.encode(value)))
  const [first] = Object.values(values)
  if (!first) throw new Error('a value')
  const valid = declaration.encode(first)
  const field = (name: string, value: Uint8Array) => map(withValue(entriesOf(valid), name, value))
  const all = [
    wrong('another kind', 'bad-field', field('kind', text('sync/1'))),
    ...others(field),
    ...malformedMaps(valid, fields),
    ...NOT_OBJECTS,
    tooLong(declaration.maxBytes),
  ]
  const path = `sync/${declaration.kind.replace('/', '.v')}.json`
  freezeKind(path, { kind: declaration.kind, carrier: 'object', accepted, rejected: all.map(rejected) })
}

const net = testNetwork()
const { network } = net
const base = testCid('base')
const certificate = new Uint8Array(100).fill(1)

export function makeSync(): void {
  makeSyncKind({
    declaration: syncHeadRequest,
    values: { request: { network } },
    fields: { cid: 'network', required: 'network' },
    wrong: () => [],
  })
  makeSyncKind({
    declaration: syncHead,
    values: {
      'a certified head': { network, round: 7, base, certificate },
      'the genesis’ base': { network, round: 0, base, certificate: null },
    },
    fields: { uint: 'round', cid: 'base', required: 'certificate' },
    wrong: (field) => [
      wrong('a certificate beyond its limit', 'bad-field', field('certificate', byteString(new Uint8Array(16_385)))),
      wrong('a certificate as text', 'bad-field', field('certificate', text('certified'))),
    ],
  })
  makeSyncKind({
    declaration: syncBasesRequest,
    values: { 'three rounds': { network, from: 2, to: 4 }, 'one round': { network, from: 5, to: 5 } },
    fields: { uint: 'from', cid: 'network', required: 'to' },
    wrong: (field) => [wrong('round 0', 'bad-field', field('from', head('uint', 0)))],
  })
  makeSyncKind({
    declaration: syncBase,
    values: { 'a base': { network, round: 3, base, lineage: new Uint8Array(200).fill(2), certificate } },
    fields: { uint: 'round', cid: 'base', required: 'lineage' },
    wrong: (field) => [
      wrong('round 0', 'bad-field', field('round', head('uint', 0))),
      wrong('no certificate', 'bad-field', field('certificate', Uint8Array.of(0xf6))),
    ],
  })
  makeSyncKind({
    declaration: syncRoundRequest,
    values: {
      'nothing held': { network, round: 1, have: [] },
      'two held': { network, round: 1, have: [testCid('a', 'message'), testCid('b', 'message')] },
    },
    fields: { uint: 'round', cid: 'network', required: 'have' },
    wrong: (field) => [
      wrong('an id that is a file', 'bad-field', field('have', list([entriesOfCid()]))),
      wrong('a map as list', 'bad-field', field('have', map([]))),
    ],
  })
  const { envelope } = contributionBy(testKey('contributor'), net)
  makeSyncKind({
    declaration: syncEnvelope,
    values: { 'a contribution': { topic: 'contributions', envelope }, 'a vote': { topic: 'votes', envelope } },
    fields: { required: 'envelope' },
    wrong: (field) => [
      wrong('a topic that is not synced', 'bad-field', field('topic', text('reports'))),
      wrong('an envelope beyond its limit', 'bad-field', field('envelope', byteString(new Uint8Array(8449)))),
    ],
  })
}

export function entriesOfCid(): Uint8Array {
  const [entry] = entriesOf(syncHeadRequest.encode({ network })).filter(([key]) => key === 'network')
  const encoded = entry?.[1] ?? new Uint8Array()
  return encoded.map((byte, i) => (i === 6 ? 0x55 : byte)) // dag-cbor's code, now raw
}
