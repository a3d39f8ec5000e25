import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { encodeEvidence } from '../../../../protocols/round/evidence.ts'
import { prevote } from '../../../../protocols/round/messages.ts'
import type { RoundMessage } from '../../../../protocols/round/rules.ts'
import { toHex } from '../../../../protocols/wire/bytes.ts'
import type { Signed } from '../../../../protocols/wire/envelope.ts'
import { nullLog } from '../../../../src/adapters/memory/log.ts'
import { createEmitter } from '../../../../src/peer/emitter.ts'
import { openEvidence } from '../../../../src/peer/evidence.ts'
import { readEvidence } from '../../../../src/peer/evidence-file.ts'
import { evidenceStatus, verifyEvidence } from '../../../../src/peer/evidence-report.ts'
import type { PeerEvent } from '../../../../src/peer/types.ts'
import { networkFacts } from '../../../../src/rounds/network.ts'
import { listBy } from '../../../support/protocols/messages.ts'
import { sign, type TestKey, testCid, testKey, testNetwork } from '../../../support/protocols/network.ts'

const folder = mkdtempSync(join(tmpdir(), 'coldmesh-evidence-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const net = testNetwork()
const network = networkFacts(net.network, net.genesis)
const committees = { id: network.id, factsAt: (round: number) => (round < 9 ? network : null) }
const [liar, other] = net.members
if (!liar || !other) throw new Error('two members')
const NOON = Date.UTC(2026, 0, 1, 12)

const vote = (base: string, round = 1, by: TestKey = liar): Signed<RoundMessage> =>
  sign(prevote, { network: net.network, round, view: 0, base: testCid(base) }, by)

async function open(name: string, events = createEmitter<PeerEvent>()) {
  return await openEvidence({
    dataDir: join(folder, name),
    network: network.id,
    factsAt: () => network,
    gossip: { publish: async () => ({ recipients: 0 }) },
    sync: { evidence: async function* () {} },
    note: () => {},
    clock: { wall: () => NOON + 0.4 },
    log: nullLog,
    events,
    signal: new AbortController().signal,
  })
}

// fault 79
describe('stored evidence', () => {
  it('says who, in which round, what and when, and survives a restart', async () => {
    const file = await open('restart')
    await file.store(vote('x'), vote('y'))
    await file.store(
      listBy(liar, net, [], { round: 2 }),
      listBy(liar, net, [{ id: testCid('a', 'message') }], { round: 2 }),
    )
    const before = evidenceStatus(file.entries, network.id, () => network)
    await file.close()
    const again = await open('restart')
    assert.deepEqual(
      evidenceStatus(again.entries, network.id, () => network),
      before,
    )
    const common = { author: toHex(liar.publicKey), name: liar.name, contradiction: 'same-slot', seenMs: NOON }
    assert.deepEqual(
      before.map(({ id: _, ...facts }) => facts),
      [
        { ...common, round: 1, kind: 'prevote/1' },
        { ...common, round: 2, kind: 'list/1' },
      ],
    )
    await again.close()
    assert.deepEqual(await readEvidence(join(folder, 'restart')), again.entries)
  })

  it('is one pair a member and round, whichever message came first, across restarts too', async () => {
    const file = await open('once')
    await file.store(vote('x'), vote('y'))
    await file.store(vote('y'), vote('x'))
    await file.store(vote('x'), vote('z'))
    await file.close()
    const again = await open('once')
    await again.store(vote('y'), vote('z'))
    assert.equal(again.entries.length, 1)
    await again.store(vote('x', 1, other), vote('y', 1, other))
    await again.store(vote('x', 2), vote('y', 2))
    assert.equal(again.entries.length, 3)
    await again.close()
  })

  it('is told once, as an event', async () => {
    const events = createEmitter<PeerEvent>()
    const seen = events.iterate()[Symbol.asyncIterator]()
    const file = await open('events', events)
    const next = seen.next()
    await file.store(vote('x'), vote('y'))
    const { value } = await next
    assert.ok(value?.type === 'evidence')
    assert.deepEqual([value.name, value.round, value.kind], [liar.name, 1, 'prevote/1'])
    await file.close()
  })

  it('never holds what proves nothing', async () => {
    const file = await open('honest')
    await assert.rejects(file.store(vote('x'), vote('x')), /calls evidence what is none/)
    await assert.rejects(file.store(vote('x'), vote('y', 2)), /calls evidence what is none/)
    assert.deepEqual(file.entries, [])
    await file.close()
  })

  it('is refused, not dropped, when the disk damaged it', async () => {
    const file = await open('damaged')
    for (const round of [1, 2, 3]) await file.store(vote('x', round), vote('y', round))
    await file.close()
    const path = join(folder, 'damaged', 'evidence')
    const bytes = readFileSync(path)
    bytes.writeUInt8(bytes.readUInt8(60) ^ 1, 60)
    writeFileSync(path, bytes)
    await assert.rejects(readEvidence(join(folder, 'damaged')), /is damaged at byte 8/)
  })

  it('is empty where nobody lied', async () => assert.deepEqual(await readEvidence(join(folder, 'nowhere')), []))
})

describe('verifyEvidence', () => {
  const bytes = encodeEvidence(net.network, vote('x'), vote('y'))

  it('needs nothing but the bytes, and then says nothing about the committee', () => {
    const report = verifyEvidence(bytes)
    assert.deepEqual([report.proven, report.trusted, report.member, report.name], [true, false, null, null])
    assert.equal(report.messages.length, 2)
    assert.deepEqual(
      report.messages.map(({ view, seq }) => [view, seq]),
      [
        [0, null],
        [0, null],
      ],
    )
  })

  it('trusts the network that it is told, and no other', () => {
    const { proven, trusted } = verifyEvidence(bytes, { trust: String(net.network) })
    assert.deepEqual([proven, trusted], [true, true])
    const other = verifyEvidence(bytes, { trust: String(testCid('other', 'message')) })
    assert.deepEqual([other.proven, other.trusted, other.reason], [false, false, 'evidence-wrong-network'])
    assert.throws(() => verifyEvidence(bytes, { trust: 'nonsense' }), /nonsense/)
  })

  it('knows members by the genesis', () => {
    const report = verifyEvidence(bytes, { network: committees })
    assert.deepEqual([report.proven, report.trusted, report.member, report.name], [true, true, true, liar.name])
    const stranger = testKey('stranger')
    const foreign = encodeEvidence(net.network, vote('x', 1, stranger), vote('y', 1, stranger))
    assert.deepEqual(verifyEvidence(foreign, { network: committees }).reason, 'evidence-not-a-member')
    assert.equal(verifyEvidence(foreign).proven, true)
  })

  it('knows the committee of the first two rounds by the genesis alone, and nobody of later ones', () => {
    const { proven, trusted, member, name } = verifyEvidence(bytes, { genesis: net.bytes })
    assert.deepEqual([proven, trusted, member, name], [true, true, true, liar.name])
    const stranger = testKey('stranger')
    const by = (round: number) =>
      verifyEvidence(encodeEvidence(net.network, vote('x', round, stranger), vote('y', round, stranger)), {
        genesis: net.bytes,
      })
    assert.equal(by(2).reason, 'evidence-not-a-member')
    assert.deepEqual([by(3).proven, by(3).member], [true, null])
    const swapped = testNetwork({ name: 'another' })
    assert.equal(verifyEvidence(bytes, { genesis: swapped.bytes }).reason, 'evidence-wrong-network')
    assert.throws(() => verifyEvidence(bytes, { genesis: bytes }), /not the genesis/)
  })

  it('throws at no bytes', () => {
    for (const wrong of [new Uint8Array(), bytes.subarray(1), new Uint8Array(100_000).fill(0x81)]) {
      const report = verifyEvidence(wrong, { network: committees })
      assert.deepEqual([report.proven, report.network, report.messages], [false, null, []])
      assert.match(report.reason ?? '', /^evidence-/)
    }
  })
})
