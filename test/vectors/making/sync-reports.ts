import { syncReport, syncReportsRequest } from '../../../protocols/sync/messages.ts'
import { byteString, list, map, text } from '../../support/protocols/cbor.ts'
import { reportBy } from '../../support/protocols/messages.ts'
import { testCid, testKey, testNetwork } from '../../support/protocols/network.ts'
import { wrong } from './file.ts'
import { entriesOfCid, makeSyncKind } from './sync.ts'

const net = testNetwork()
const { network } = net

export function makeSyncReports(): void {
  makeSyncKind({
    declaration: syncReportsRequest,
    values: {
      'nothing held': { network, from: 0, to: 9, have: [] },
      'two held': { network, from: 3, to: 3, have: [testCid('a', 'message'), testCid('b', 'message')] },
    },
    fields: { uint: 'from', cid: 'network', required: 'have' },
    wrong: (field) => [
      wrong('an id that is a file', 'bad-field', field('have', list([entriesOfCid()]))),
      wrong('a map as list', 'bad-field', field('have', map([]))),
    ],
  })
  const { envelope } = reportBy(testKey('contributor'), net)
  makeSyncKind({
    declaration: syncReport,
    values: { 'a report': { envelope } },
    fields: { required: 'envelope' },
    wrong: (field) => [
      wrong('an envelope beyond its limit', 'bad-field', field('envelope', byteString(new Uint8Array(1121)))),
      wrong('an envelope as text', 'bad-field', field('envelope', text('a report'))),
    ],
  })
}
