import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import type { CID } from 'multiformats/cid'
import { topicOf } from '../../../../../protocols/registry.ts'
import { MAX_PER_AUTHOR_AND_BASE } from '../../../../../protocols/report/rules.ts'
import { SYNC_PROTOCOL } from '../../../../../protocols/sync/messages.ts'
import { openJournal } from '../../../../../src/adapters/files/journal.ts'
import { memoryContentStore } from '../../../../../src/adapters/memory/content-store.ts'
import { nullLog } from '../../../../../src/adapters/memory/log.ts'
import { type MemoryNetwork, memoryNetwork } from '../../../../../src/adapters/memory/network.ts'
import { createSigner } from '../../../../../src/adapters/system/signer.ts'
import { openDispensable } from '../../../../../src/peer/dispensable-file.ts'
import { createEmitter } from '../../../../../src/peer/emitter.ts'
import { createReports } from '../../../../../src/peer/reports/reports.ts'
import { createSyncClient } from '../../../../../src/peer/sync/client.ts'
import { answerSync } from '../../../../../src/peer/sync/server.ts'
import type { PeerEvent, ReportOptions } from '../../../../../src/peer/types.ts'
import { isColdmeshError } from '../../../../../src/ports/errors.ts'
import { temporaryDirectory } from '../../../../support/history/temporary.ts'
import { reportBy } from '../../../../support/protocols/messages.ts'
import { testCid, testKey, testNetwork } from '../../../../support/protocols/network.ts'

const dir = temporaryDirectory()
const net = testNetwork()
const later = testCid('base of round 1')
const rounds = new Map([net.genesis.base, later].map((base, round) => [String(base), round]))

/** A peer's reports with a file, a key, gossip and sync of their own; started again under a name it has its file back. */
async function open(t: TestContext, mesh: MemoryNetwork, name: string) {
  const node = mesh.join(name)
  const journal = await openJournal(join(dir, `${t.name.replace(/\W+/g, '-')}-${name.replace(/\d$/, '')}`))
  const events = createEmitter<PeerEvent>()
  const ids: string[] = []
  /** Resolves once the report with this id was taken in, or fails with the test's deadline. */
  const heard = (id: string) =>
    new Promise<void>((resolve) => {
      if (ids.includes(id)) resolve()
      else events.on((event) => event.type === 'report' && event.report.id === id && resolve())
    })
  events.on((event) => event.type === 'report' && ids.push(event.report.id))
  const refused: string[] = []
  const reports = createReports({
    network: net.network,
    roundOf: (base: CID) => rounds.get(String(base)) ?? null,
    headRound: () => 1,
    journal,
    signer: createSigner(testKey(name).seed),
    gossip: node.gossip,
    sync: createSyncClient(node.streams, net.network),
    note: ({ reason }) => refused.push(reason),
    events,
    log: nullLog,
    signal: new AbortController().signal,
  })
  node.gossip.subscribe(topicOf(String(net.network), 'reports'), ({ bytes }) => reports.receive(bytes))
  const source = {
    network: net.network,
    store: memoryContentStore(),
    log: nullLog,
    chain: () => [],
    genesisBase: () => net.genesis.base,
    fork: () => null,
    round: () => null,
    reports,
    evidence: { missing: () => [] },
    amendments: { missing: () => [] },
    deltas: { of: () => null },
  }
  await node.streams.serve(SYNC_PROTOCOL, ({ bytes }) => answerSync(bytes, source))
  return {
    reports,
    heard,
    refused,
    close: async () => {
      await reports.stop()
      await journal.close()
      mesh.leave(name)
    },
  }
}

const said = (overrides: Partial<ReportOptions> = {}): ReportOptions => ({
  base: String(later),
  task: 'reviews',
  mode: 'frozen',
  value: 0.734_5,
  standardError: 0.002,
  seeds: [2, 1],
  rows: 1000,
  testRows: 200,
  labels: 3,
  plan: 'ab'.repeat(32),
  engine: 'onnx',
  ...overrides,
})

describe('reports', { timeout: 20_000 }, () => {
  it('are signed, kept and heard by the others', async (t) => {
    const mesh = memoryNetwork()
    const [ada, ben] = [await open(t, mesh, 'ada'), await open(t, mesh, 'ben')]
    const published = await ada.reports.publish(said())
    assert.deepEqual([published.round, published.value, published.seeds], [1, 0.734_5, [1, 2]])
    await ben.heard(published.id)
    assert.deepEqual(ben.reports.of(later), [published])
    for (const peer of [ada, ben]) await peer.close()
  })

  it('survive a restart, and reach who comes late', async (t) => {
    const mesh = memoryNetwork()
    const ada = await open(t, mesh, 'ada')
    await ada.reports.publish(said())
    await ada.reports.publish(said({ base: String(net.genesis.base) }))
    await ada.close()
    const again = await open(t, mesh, 'ada2')
    assert.equal(again.reports.held, 2)
    const late = await open(t, mesh, 'late')
    assert.equal(late.reports.held, 0)
    await late.reports.syncWith('ada2')
    assert.deepEqual(late.reports.of(later), again.reports.of(later))
    assert.equal(late.reports.held, 2)
    for (const peer of [again, late]) await peer.close()
  })

  it('may be by another metric and of numbers, beside that by accuracy', async (t) => {
    const mesh = memoryNetwork()
    const [ada, ben] = [await open(t, mesh, 'ada'), await open(t, mesh, 'ben')]
    const byAccuracy = await ada.reports.publish(said())
    const byCorrelation = await ada.reports.publish(said({ metric: 'pearson-spearman', labels: 0 }))
    await ben.heard(byAccuracy.id)
    await ben.heard(byCorrelation.id)
    assert.deepEqual(
      new Set(ben.reports.of(later).map(({ metric }) => metric)),
      new Set(['accuracy', 'pearson-spearman']),
    )
    for (const peer of [ada, ben]) await peer.close()
  })

  it('are replaced by the author’s later ones, on disk too', async (t) => {
    const mesh = memoryNetwork()
    const [ada, ben] = [await open(t, mesh, 'ada'), await open(t, mesh, 'ben')]
    const first = await ada.reports.publish(said())
    const second = await ada.reports.publish(said({ value: 0.8 }))
    assert.notEqual(first.id, second.id)
    await ben.heard(second.id)
    assert.deepEqual(ben.reports.of(later), [second])
    await ben.reports.publish(said({ value: 0.1 }))
    assert.equal(ben.reports.of(later).length, 2, 'another author’s stands beside it')
    for (const peer of [ada, ben]) await peer.close()
    const again = await open(t, mesh, 'ben2')
    assert.equal(again.reports.of(later).length, 2)
    await again.close()
  })

  it('come by pages, until none is missing', async (t) => {
    const mesh = memoryNetwork()
    const ada = await open(t, mesh, 'ada')
    const count = 300 // more than a page holds
    for (let i = 0; i < count; i++) {
      const author = testKey(`author-${i % 3}`)
      const task = { name: `task ${i}`, labels: 2, rows: 10, testRows: 10 }
      assert.equal(ada.reports.receive(reportBy(author, net, { task }).envelope).verdict, 'accept')
    }
    const late = await open(t, mesh, 'late')
    await late.reports.syncWith('ada')
    assert.equal(late.reports.held, count)
    for (const peer of [ada, late]) await peer.close()
  })

  it('are bounded: an author’s share of a base is not exceeded', async (t) => {
    const ada = await open(t, memoryNetwork(), 'ada')
    const author = testKey('author')
    const verdicts = Array.from({ length: MAX_PER_AUTHOR_AND_BASE + 1 }, (_, i) => {
      const task = { name: `task ${i}`, labels: 2, rows: 10, testRows: 10 }
      return ada.reports.receive(reportBy(author, net, { task }).envelope).verdict
    })
    assert.equal(verdicts.at(-1), 'ignore')
    assert.equal(ada.reports.held, MAX_PER_AUTHOR_AND_BASE)
    await ada.close()
  })

  it('are refused when the signature is wrong, with the reason told; of an unknown base they are not held', async (t) => {
    const ada = await open(t, memoryNetwork(), 'ada')
    const good = reportBy(testKey('author'), net)
    const flipped = good.envelope.map((byte, at) => (at === good.envelope.length - 1 ? byte ^ 1 : byte))
    assert.equal(ada.reports.receive(flipped).verdict, 'reject')
    assert.deepEqual(ada.refused, ['bad-signature'])
    const foreign = reportBy(testKey('author'), net, { base: testCid('elsewhere') })
    assert.equal(ada.reports.receive(foreign.envelope).verdict, 'ignore')
    assert.equal(ada.reports.held, 0)
    await ada.close()
  })

  it('of our own are refused for a base that is not the network’s, and for values out of range', async (t) => {
    const ada = await open(t, memoryNetwork(), 'ada')
    const isBadInput = (error: unknown) => isColdmeshError(error, 'bad-input')
    await assert.rejects(ada.reports.publish(said({ base: String(testCid('elsewhere')) })), isBadInput)
    await assert.rejects(ada.reports.publish(said({ base: 'no CID' })), isBadInput)
    await assert.rejects(ada.reports.publish(said({ value: 1.5 })), isBadInput)
    await assert.rejects(ada.reports.publish(said({ seeds: [1, 1] })), isBadInput)
    await assert.rejects(ada.reports.publish(said({ plan: 'xyz' })), isBadInput)
    assert.equal(ada.reports.held, 0)
    await ada.close()
  })

  it('keep what is whole when their file is damaged: neighbours have the rest', async () => {
    const path = join(dir, 'damaged')
    const journal = await openDispensable(path, 'reports', nullLog)
    for (const name of ['one', 'two']) await journal.append(reportBy(testKey(name), net).envelope)
    await journal.close()
    const bytes = await readFile(path)
    bytes.writeUInt8(bytes.readUInt8(60) ^ 1, 60)
    await writeFile(path, bytes)
    const opened = await openDispensable(path, 'reports', nullLog)
    assert.deepEqual(opened.records, [reportBy(testKey('two'), net).envelope])
    assert.deepEqual(await readFile(`${path}.damaged`), bytes)
    await opened.close()
  })
})
