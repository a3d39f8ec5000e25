import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Contribution } from '../../../../../protocols/contribution/messages.ts'
import { prevote } from '../../../../../protocols/round/messages.ts'
import type { RoundMessage } from '../../../../../protocols/round/rules.ts'
import { equalBytes } from '../../../../../protocols/wire/bytes.ts'
import { encodeCanonical } from '../../../../../protocols/wire/codec.ts'
import { encodeEnvelope, type Signed } from '../../../../../protocols/wire/envelope.ts'
import { ACCEPT, ignore, reject } from '../../../../../protocols/wire/verdict.ts'
import { nullLog } from '../../../../../src/adapters/memory/log.ts'
import { createEmitter } from '../../../../../src/peer/emitter.ts'
import { createInbox } from '../../../../../src/peer/round/inbox.ts'
import type { PeerEvent } from '../../../../../src/peer/types.ts'
import { contributionBy } from '../../../../support/protocols/messages.ts'
import { sign, signPayload, testCid, testKey, testNetwork } from '../../../../support/protocols/network.ts'
import { testSeed } from '../../../../support/protocols/seed.ts'
import { createBench } from '../../../../support/rounds/bench.ts'
import { malleated } from '../../../../vectors/making/signed.ts'

const MAX_EARLY = 512
const FLOOD = Number(process.env['COLDMESH_FLOOD'] ?? 300)

/** The inbox of a machine on a bench, in the round after the genesis, unless its head is another. */
function open(
  options: Parameters<typeof createBench>[0] = {},
  onImpostor: () => void = () => assert.fail('nobody speaks with our key'),
) {
  const bench = createBench(options)
  const accepted: Signed<Contribution | RoundMessage>[] = []
  const troubles: string[] = []
  const inbox = createInbox({
    context: {
      network: bench.facts,
      key: bench.state.self ?? new Uint8Array(32),
      log: nullLog,
      events: createEmitter<PeerEvent>(),
      troubles: { current: [], report: (what, error) => troubles.push(`${what}: ${String(error)}`), over: () => {} },
      speaker: { isOwn: () => false },
    },
    state: () => bench.state,
    accept: (signed) => {
      accepted.push(signed)
      bench.feed({ type: 'received', signed })
    },
    onImpostor,
  })
  const reasons = () => inbox.refused.map(({ reason }) => reason)
  return { bench, inbox, accepted, reasons, troubles }
}

const key = testKey('contributor')

describe('the inbox', () => {
  // Fault 2.
  it('rejects every truncation of a message, and random bytes, and throws nothing', (t) => {
    const { bench, inbox, accepted } = open()
    const { envelope } = contributionBy(key, bench.net)
    const rejects = (bytes: Uint8Array) => {
      for (const topic of ['contributions', 'votes'] as const) {
        assert.equal(inbox.receive(topic, bytes).verdict, 'reject')
      }
    }
    for (let length = 0; length < envelope.length; length++) rejects(envelope.subarray(0, length))
    fc.assert(fc.property(fc.uint8Array({ maxLength: 3000 }), rejects), { seed: testSeed(t), numRuns: 1000 })
    assert.equal(accepted.length, 0)
    assert.equal(inbox.refused.length, 32, 'and remembers the last few')
  })

  // Fault 3.
  it('rejects a message on the wrong topic', () => {
    const { bench, inbox, accepted } = open()
    const vote = sign(
      prevote,
      { network: bench.net.network, round: 1, view: 0, base: null },
      bench.net.members[0] ?? key,
    )
    assert.deepEqual(inbox.receive('votes', contributionBy(key, bench.net).envelope), reject('unknown-kind'))
    assert.deepEqual(inbox.receive('contributions', vote.envelope), reject('unknown-kind'))
    assert.equal(accepted.length, 0)
  })

  // Fault 84: mixed versions.
  it('rejects a kind that it does not know, and says that a member’s version is newer; of strangers it says nothing', () => {
    const { bench, inbox, accepted, reasons, troubles } = open()
    const { network, members } = bench.net
    const [member] = members
    assert.ok(member)
    const say = (kind: string, by = member, fields = {}) => {
      const payload = encodeCanonical({ kind, network, author: by.publicKey, round: 1, ...fields })
      return inbox.receive('votes', signPayload(null, payload, by).envelope)
    }
    assert.deepEqual(say('prevote/2', key), reject('unknown-kind'))
    assert.deepEqual(say('prevote/2', member, { network: testCid('elsewhere', 'message') }), reject('unknown-kind'))
    assert.deepEqual(say('contribution/1'), reject('unknown-kind'), 'known, and on the wrong topic')
    assert.deepEqual(say('no kind'), reject('unknown-kind'))
    assert.deepEqual(troubles, [])
    const { payload } = signPayload(
      null,
      encodeCanonical({ kind: 'prevote/2', network, author: member.publicKey }),
      member,
    )
    inbox.receive('votes', encodeEnvelope(payload, new Uint8Array(64)))
    assert.deepEqual(troubles, [], 'anybody can write a member’s name')
    assert.deepEqual(say('prevote/2'), reject('unknown-kind'))
    assert.equal(troubles.length, 1)
    assert.match(
      troubles.join(),
      new RegExp(`version: .*What ${member.name} says is not known to this version.*prevote/2`),
    )
    assert.ok(reasons().every((reason) => reason === 'unknown-kind'))
    assert.equal(accepted.length, 0)
  })

  // Fault 4.
  it('rejects a message of another network', () => {
    const { inbox, accepted, reasons } = open()
    const other = testNetwork({ name: 'another' })
    assert.deepEqual(inbox.receive('contributions', contributionBy(key, other).envelope), reject('wrong-network'))
    assert.deepEqual(reasons(), ['wrong-network'])
    assert.equal(accepted.length, 0)
  })

  // Fault 5.
  it('ignores a later round, and keeps no more than a queue of the next', () => {
    const { bench, inbox, accepted } = open()
    const later = (round: number, name: string) => contributionBy(testKey(name), bench.net, { round }).envelope
    assert.deepEqual(inbox.receive('contributions', later(3, 'far')), ignore('future-round'))
    for (let i = 0; i < MAX_EARLY + 50; i++) {
      assert.deepEqual(inbox.receive('contributions', later(2, `${i}`)), ignore('future-round'))
    }
    assert.equal(inbox.takeEarly().length, MAX_EARLY)
    assert.deepEqual(inbox.takeEarly(), [])
    assert.equal(accepted.length, 0)
    assert.deepEqual(inbox.refused, [])
  })

  // Fault 6.
  it('ignores an earlier round, and says so once of a contribution', () => {
    const base = testCid('base of round 1')
    const { bench, inbox, accepted, reasons } = open({
      head: (head) => {
        const ancestor = { round: 1, base, weights: testCid('weights', 'file'), inputs: [], isEmpty: false }
        return { ...head, ...ancestor, certificate: null, history: [ancestor, ...head.history] }
      },
    })
    const late = contributionBy(key, bench.net)
    assert.deepEqual(inbox.receive('contributions', late.envelope), ignore('past-round'))
    assert.deepEqual(inbox.receive('contributions', late.envelope), ignore('past-round'))
    const fields = { network: bench.net.network, round: 1, view: 0, base: null }
    const vote = sign(prevote, fields, bench.members[0] ?? key)
    assert.deepEqual(inbox.receive('votes', vote.envelope), ignore('past-round'))
    assert.deepEqual(reasons(), ['past-round'])
    assert.equal(accepted.length, 0)
  })

  // Fault 7. What gossip has forgotten comes again; the round knows it by its id.
  it('takes a duplicate for known, whenever it comes', () => {
    const { bench, inbox, accepted } = open()
    const once = contributionBy(key, bench.net)
    assert.deepEqual(inbox.receive('contributions', once.envelope), ACCEPT)
    const before = [...bench.state.contributions.entries()]
    for (let i = 0; i < 3; i++) assert.deepEqual(inbox.receive('contributions', once.envelope), ignore('known'))
    assert.deepEqual([...bench.state.contributions.entries()], before)
    assert.equal(accepted.length, 1)
  })

  // Fault 8.
  it('rejects the same payload with S + L, before and after the true one, and counts it once', () => {
    const { bench, inbox, accepted } = open()
    const [member] = bench.members
    assert.ok(member)
    const vote = sign(prevote, { network: bench.net.network, round: 1, view: 0, base: testCid('base') }, member)
    const twin = encodeEnvelope(vote.payload, malleated(vote.signature))
    assert.notDeepEqual(twin, vote.envelope)
    assert.deepEqual(inbox.receive('votes', twin), reject('bad-signature'))
    assert.deepEqual(inbox.receive('votes', vote.envelope), ACCEPT)
    assert.deepEqual(inbox.receive('votes', twin), reject('bad-signature'))
    assert.equal(bench.state.prevotes.get(0)?.size, 1)
    assert.equal(accepted.length, 1)
    assert.deepEqual([...bench.state.doubles.keys()], [], 'nobody is accused')
  })

  it('tells of a third contribution by one author, and no more of the same than once', () => {
    const { bench, inbox, reasons } = open()
    const nth = (n: number) => contributionBy(key, bench.net, { checkpoint: testCid(`nth ${n}`, 'file') }).envelope
    for (const n of [1, 2, 3, 3]) inbox.receive('contributions', nth(n))
    assert.deepEqual(reasons(), ['author-limit'])
  })

  it('notes what cannot be read as often as it comes', () => {
    const { inbox, reasons } = open()
    for (let i = 0; i < 2; i++) inbox.receive('contributions', Uint8Array.of(0xff, ...randomBytes(8)))
    assert.deepEqual(reasons(), ['not-cbor', 'not-cbor'])
  })

  // Fault 11. A million of them: COLDMESH_FLOOD=1000000.
  it('rejects a flood of contributions to unknown parents, remembers none of it, and still takes an honest one', () => {
    const { bench, inbox, accepted } = open()
    const known = bench.state.known.size
    for (let i = 0; i < FLOOD; i++) {
      const parent = testCid(`unknown ${i}`)
      const { envelope } = contributionBy(testKey(`flooder ${i % 100}`), bench.net, { parent })
      assert.deepEqual(inbox.receive('contributions', envelope), reject('wrong-parent'))
    }
    assert.equal(inbox.refused.length, 32)
    assert.equal(bench.state.contributions.size, 0)
    assert.equal(bench.state.known.size, known)
    assert.equal(inbox.takeEarly().length, 0)
    assert.deepEqual(inbox.receive('contributions', contributionBy(key, bench.net).envelope), ACCEPT)
    assert.equal(accepted.length, 1)
  })

  // Fault 27.
  it('tells when a committee message is signed with our key and not by us, and does not take it', () => {
    let impostors = 0
    const { bench, inbox, accepted, reasons } = open({}, () => impostors++)
    const [self] = bench.members.filter((member) => equalBytes(member.publicKey, bench.state.self ?? new Uint8Array()))
    assert.ok(self)
    const vote = sign(prevote, { network: bench.net.network, round: 1, view: 0, base: testCid('base') }, self)
    assert.deepEqual(inbox.receive('votes', vote.envelope), ignore('own-key'))
    assert.equal(impostors, 1)
    assert.equal(accepted.length, 0)
    assert.deepEqual(inbox.receive('contributions', contributionBy(self, bench.net).envelope), ACCEPT)
    assert.equal(impostors, 1, 'a contribution contradicts nothing')
    assert.deepEqual(reasons(), ['own-key'])
  })
})
