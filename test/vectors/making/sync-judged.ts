import { syncBase, syncHead } from '../../../protocols/sync/messages.ts'
import { certify } from '../../../protocols/round/certificate.ts'
import { toHex } from '../../../protocols/wire/bytes.ts'
import { precommitsBy } from '../../support/protocols/messages.ts'
import { testCid, testKeys, testNetwork } from '../../support/protocols/network.ts'
import { freeze } from './file.ts'

/** Heads and bases in their situation: what the asker knows is the genesis, and for a base the round that it asked for. */
export function makeSyncJudged(): void {
  const net = testNetwork({ members: testKeys(4, 'sync-member') })
  const other = testNetwork({ members: testKeys(4, 'sync-other') })
  const base = testCid('sync base')
  const { network } = net
  const certificate = certify(precommitsBy(net.members.slice(0, 3), { network, round: 2, view: 0, base }), 3)
  const foreign = certify(precommitsBy(other.members.slice(0, 3), { network, round: 2, view: 0, base }), 3)
  const head = { network, round: 2, base, certificate }
  const page = { network, round: 2, base, lineage: new Uint8Array([1]), certificate }
  const of = (name: string, value: Parameters<typeof syncHead.encode>[0], verdict: string, reason?: string) => ({
    name,
    kind: syncHead.kind,
    hex: toHex(syncHead.encode(value)),
    verdict,
    ...(reason ? { reason } : {}),
  })
  const ofPage = (name: string, value: typeof page, verdict: string, reason?: string) => ({
    name,
    kind: syncBase.kind,
    round: 2,
    hex: toHex(syncBase.encode(value)),
    verdict,
    ...(reason ? { reason } : {}),
  })
  freeze('sync/judged.v1.json', {
    genesis: toHex(net.bytes),
    judged: [
      of('a certified head', head, 'accept'),
      of('7.1 a head of another network', { ...head, network: other.network }, 'reject', 'sync-wrong-network'),
      of('7.2 the genesis base', { ...head, round: 0, certificate: null }, 'ignore', 'sync-uncertified'),
      of('7.3 a certificate of another round', { ...head, round: 3 }, 'reject', 'sync-head-certificate'),
      of('7.3 a certificate of another base', { ...head, base: testCid('else') }, 'reject', 'sync-head-certificate'),
      of('7.3 a certificate by others', { ...head, certificate: foreign }, 'reject', 'sync-head-certificate'),
      ofPage('the base that was asked for', page, 'accept'),
      ofPage('7.1 a base of another network', { ...page, network: other.network }, 'reject', 'sync-wrong-network'),
      ofPage('7.4 a base too far', { ...page, round: 3 }, 'reject', 'sync-out-of-order'),
      ofPage('7.4 a base again', { ...page, round: 1 }, 'reject', 'sync-out-of-order'),
    ],
  })
}
