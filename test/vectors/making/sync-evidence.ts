import { encodeEvidence } from '../../../protocols/round/evidence.ts'
import { prevote } from '../../../protocols/round/messages.ts'
import { syncEvidence, syncEvidenceRequest } from '../../../protocols/sync/messages.ts'
import { byteString, head, list, map, text } from '../../support/protocols/cbor.ts'
import { sign, testCid, testKey, testNetwork } from '../../support/protocols/network.ts'
import { wrong } from './file.ts'
import { makeSyncKind } from './sync.ts'

const { network } = testNetwork()
const author = testKey('member-0')

export function makeSyncEvidence(): void {
  const held = { author: author.publicKey, round: 3 }
  makeSyncKind({
    declaration: syncEvidenceRequest,
    values: {
      'nothing held': { network, have: [] },
      'two rounds of one member': { network, have: [held, { ...held, round: 4 }] },
    },
    fields: { cid: 'network', required: 'have' },
    wrong: (field) => [
      wrong('round 0', 'bad-field', field('have', list([slot(byteString(author.publicKey), 0)]))),
      wrong('a key of 31 bytes', 'bad-field', field('have', list([slot(byteString(new Uint8Array(31)), 1)]))),
      wrong('a key that is missing', 'missing-field', field('have', list([map([['round', head('uint', 1)]])]))),
      wrong('a map as list', 'bad-field', field('have', map([]))),
    ],
  })
  const vote = (base: string) => sign(prevote, { network, round: 3, view: 0, base: testCid(base) }, author)
  makeSyncKind({
    declaration: syncEvidence,
    values: { 'two prevotes': { evidence: encodeEvidence(network, vote('x'), vote('y')) } },
    fields: { required: 'evidence' },
    wrong: (field) => [
      wrong('evidence beyond its limit', 'bad-field', field('evidence', byteString(new Uint8Array(17_409)))),
      wrong('evidence as text', 'bad-field', field('evidence', text('evidence'))),
    ],
  })
}

const slot = (key: Uint8Array, round: number) =>
  map([
    ['round', head('uint', round)],
    ['author', key],
  ])
