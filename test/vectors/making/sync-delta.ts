import { syncDelta, syncDeltaRequest } from '../../../protocols/sync/messages.ts'
import { head } from '../../support/protocols/cbor.ts'
import { testCid, testNetwork } from '../../support/protocols/network.ts'
import { toHex } from '../../../protocols/wire/bytes.ts'
import { freeze, wrong } from './file.ts'
import { entriesOfCid, makeSyncKind } from './sync.ts'

const { network } = testNetwork()
const checkpoint = testCid('checkpoint', 'file')
const base = testCid('weights', 'file')

export function makeSyncDelta(): void {
  makeSyncKind({
    declaration: syncDeltaRequest,
    values: { request: { network, checkpoint, base } },
    fields: { cid: 'network', required: 'base' },
    wrong: (field) => [wrong('a network that is a file', 'bad-field', field('network', entriesOfCid()))],
  })
  makeSyncKind({
    declaration: syncDelta,
    values: { 'a delta': { delta: testCid('delta', 'file'), bytes: 1_000_000 }, 'the shortest': { delta: base, bytes: 8 } },
    fields: { uint: 'bytes', cid: 'delta', required: 'delta' },
    wrong: (field) => [wrong('fewer bytes than a delta has', 'bad-field', field('bytes', head('uint', 7)))],
  })
  freeze('sync/judged-deltas.v1.json', {
    judged: [
      { name: 'a delta that is shorter than its checkpoint', ...offered(999), checkpointBytes: 1000, verdict: 'accept' },
      {
        name: '7.5 a delta as long as its checkpoint',
        ...{ ...offered(1000), checkpointBytes: 1000, verdict: 'reject', reason: 'sync-delta-too-long' },
      },
    ],
  })
}

function offered(bytes: number): { readonly kind: string; readonly hex: string } {
  return { kind: syncDelta.kind, hex: toHex(syncDelta.encode({ delta: testCid('delta', 'file'), bytes })) }
}
