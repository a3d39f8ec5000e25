import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import type { CID } from 'multiformats/cid'
import type { Lineage } from '../../../../../protocols/lineage/messages.ts'
import { certify } from '../../../../../protocols/round/certificate.ts'
import { openBase, withoutHistory } from '../../../../../src/checkpoint/base.ts'
import { checkFork } from '../../../../../src/peer/fork/check.ts'
import { withFork } from '../../../../../src/peer/fork/report.ts'
import { readOnlyStore } from '../../../../../src/peer/history/read-only-store.ts'
import { verifyBase } from '../../../../../src/peer/history/verify.ts'
import { networkFacts } from '../../../../../src/rounds/network.ts'
import { addRound, startChain, type TestChain } from '../../../../support/history/build-chain.ts'
import { copyStore } from '../../../../support/history/memory-store.ts'
import { precommitsBy } from '../../../../support/protocols/messages.ts'
import { testKeys, testNetwork } from '../../../../support/protocols/network.ts'

/** Two rounds of a network, and another one that began as its second base. */
let old: TestChain
let forkOf: CID
let base: CID
let certificate: Uint8Array

before(async () => {
  old = await addRound(await addRound(await startChain()), { seeds: [7, 8] })
  const newest = old.entries.at(-1)
  assert.ok(newest)
  forkOf = newest.base
  certificate = newest.certificate
  old.store.blocks.set(String(old.net.network), old.net.bytes)
  const node = withoutHistory(await openBase(forkOf, old.store.get))
  base = node.cid
  old.store.blocks.set(String(base), node.block)
})

function forked(fields: Parameters<typeof testNetwork>[0] = {}) {
  const { network, genesis } = testNetwork({
    name: 'fork',
    members: testKeys(3, 'survivor'),
    base,
    header: old.net.genesis.header,
    bytes: old.net.genesis.bytes,
    forkOf,
    ...fields,
  })
  return networkFacts(network, genesis)
}

interface Situation {
  readonly network?: ReturnType<typeof forked>
  readonly without?: CID | null
  readonly certificate?: Uint8Array | null
}

async function stateOf(situation: Situation = {}): Promise<readonly [state: string, reason: string | null]> {
  const store = copyStore(old.store)
  if (situation.without) store.blocks.delete(String(situation.without))
  const given = situation.certificate === undefined ? certificate : situation.certificate
  const certificatesOf = () => (given === null ? [] : [given])
  const fork = await checkFork(situation.network ?? forked(), { store: readOnlyStore(store), certificatesOf })
  assert.ok(fork)
  return [fork.state, fork.reason]
}

const lineageOf = async (of: CID) => (await openBase(of, old.store.get)).lineage

describe('checkFork', () => {
  it('says nothing of a network that is no fork', async () => {
    const source = { store: readOnlyStore(old.store), certificatesOf: () => [] }
    assert.equal(await checkFork(old.network, source), null)
  })

  it('verifies one that began with the files of a base that its own network certified', async () => {
    const source = { store: readOnlyStore(old.store), certificatesOf: () => [certificate] }
    assert.deepEqual(await checkFork(forked(), source), {
      of: String(forkOf),
      network: String(old.net.network),
      round: 2,
      state: 'verified',
      reason: null,
    })
  })

  // Fault 61: a genesis that says it is what it is not.
  it('knows one that began with other files, whatever else is here', async () => {
    const first = old.entries[0]
    assert.ok(first)
    const other = withoutHistory(await openBase(first.base, old.store.get)).cid
    const liar = forked({ base: other })
    for (const certificateHere of [certificate, null]) {
      const [state, reason] = await stateOf({ network: liar, certificate: certificateHere })
      assert.equal(state, 'not-valid')
      assert.match(reason ?? '', /^fork-other-files/)
    }
  })

  // Fault 60: signatures of others than the old committee. Whoever gave them may have made them up, so they prove nothing.
  it('believes no certificate that no quorum of its network signed, and takes the next', async () => {
    const vote = { network: old.net.network, round: 2, view: 0, base: forkOf }
    const byTwo = certify(precommitsBy(old.net.members.slice(0, 2), vote), 2)
    const byOthers = certify(precommitsBy(testKeys(3, 'survivor'), vote), 3)
    const wrong = [byTwo, byOthers, old.entries[0]?.certificate ?? byTwo, Uint8Array.of(1)]
    for (const one of wrong) {
      const [state, reason] = await stateOf({ certificate: one })
      assert.equal(state, 'unchecked')
      assert.match(reason ?? '', /no certificate of it that holds/)
    }
    const source = { store: readOnlyStore(old.store), certificatesOf: () => [...wrong, certificate] }
    assert.equal((await checkFork(forked(), source))?.state, 'verified')
  })

  it('knows one whose history does not hold, though a quorum of liars certified it', async () => {
    const lie = { lineage: (honest: Lineage) => ({ ...honest, lists: honest.lists.toReversed() }) }
    const chain = await addRound(await startChain('liars'), { lie })
    const { base: lied, certificate: theirs } = chain.entries[0] ?? assert.fail('a round')
    chain.store.blocks.set(String(chain.net.network), chain.net.bytes)
    const start = withoutHistory(await openBase(lied, chain.store.get)).cid
    const source = { store: readOnlyStore(chain.store), certificatesOf: () => [theirs] }
    const fork = await checkFork(forked({ base: start, forkOf: lied }), source)
    assert.equal(fork?.state, 'not-valid')
    assert.match(fork?.reason ?? '', /^fork-bad-history: round 1, lineage: lineage-listers-not-distinct/)
  })

  it('says what is not here, and calls nothing verified without it', async () => {
    const first = old.entries[0]
    assert.ok(first)
    const cases: readonly Situation[] = [
      { without: forkOf },
      { without: await lineageOf(forkOf) },
      { without: old.net.network },
      { certificate: null },
      // Without the round before nobody knows whether the committee was still the genesis'.
      { without: first.base },
      { without: await lineageOf(first.base) },
      { without: old.network.genesis.base },
    ]
    for (const situation of cases) {
      const [state, reason] = await stateOf(situation)
      assert.equal(state, 'unchecked', reason ?? '')
      assert.match(reason ?? '', /^fork-unchecked: .*(block-missing|no certificate)/)
    }
  })

  it('makes verify say no to a false claim, and not to one that can’t be checked', async () => {
    const network = forked()
    const report = await verifyBase({ network, store: old.store, base, certificate: null, level: 'signatures' })
    assert.ok(report.valid)
    const fork = { of: String(forkOf), network: null, round: null, reason: 'why' }
    assert.equal(withFork(report, { ...fork, state: 'unchecked' }).valid, true)
    const refused = withFork(report, { ...fork, state: 'not-valid' })
    assert.equal(refused.valid, false)
    assert.deepEqual(refused.failures, [{ round: 0, link: 'fork', reason: 'why' }])
  })
})
