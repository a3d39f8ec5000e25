import { syncApproval, syncApprovalsRequest } from '../../../protocols/sync/messages.ts'
import { byteString, list, map, text } from '../../support/protocols/cbor.ts'
import { amendmentOf, approvalsBy } from '../../support/protocols/amendments.ts'
import { testCid, testNetwork } from '../../support/protocols/network.ts'
import { wrong } from './file.ts'
import { entriesOfCid, makeSyncKind } from './sync.ts'

const net = testNetwork()
const { network } = net

export function makeSyncApprovals(): void {
  makeSyncKind({
    declaration: syncApprovalsRequest,
    values: {
      'nothing held': { network, have: [] },
      'two held': { network, have: [testCid('a', 'message'), testCid('b', 'message')] },
    },
    fields: { cid: 'network', required: 'have' },
    wrong: (field) => [
      wrong('an id that is a file', 'bad-field', field('have', list([entriesOfCid()]))),
      wrong('a map as list', 'bad-field', field('have', map([]))),
    ],
  })
  const [approval] = approvalsBy(net.members, net, amendmentOf(net, { quorum: 'crash' }))
  if (approval === undefined) throw new Error('four members')
  makeSyncKind({
    declaration: syncApproval,
    values: { 'an approval': { envelope: approval.envelope } },
    fields: { required: 'envelope' },
    wrong: (field) => [
      wrong('an envelope beyond its limit', 'bad-field', field('envelope', byteString(new Uint8Array(8545)))),
      wrong('an envelope as text', 'bad-field', field('envelope', text('an approval'))),
    ],
  })
}
