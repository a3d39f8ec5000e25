import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import { proposal } from '../../../../protocols/round/messages.ts'
import { equalBytes } from '../../../../protocols/wire/bytes.ts'
import { aggregatorOf, rankCommittee, roundSeed } from '../../../../protocols/wire/election.ts'
import { memoryNetwork } from '../../../../src/adapters/memory/network.ts'
import { openBase } from '../../../../src/checkpoint/base.ts'
import { readFile as readLeaves } from '../../../../src/checkpoint/unixfs.ts'
import { openMismatches } from '../../../../src/peer/mismatches.ts'
import { createRoundLoop } from '../../../../src/peer/round/loop.ts'
import type { PeerEvent } from '../../../../src/peer/types.ts'
import { addRound, readLineage, startChain, type TestChain } from '../../../support/history/build-chain.ts'
import { checkpointBytes, importBytes, TEST_LAYOUT } from '../../../support/history/checkpoints.ts'
import { temporaryDirectory } from '../../../support/history/temporary.ts'
import { startMemoryPeer } from '../../../support/peer/memory-peer.ts'
import { sign, type TestKey } from '../../../support/protocols/network.ts'

const dir = temporaryDirectory()
const CHANGED = 7

type Told = Extract<PeerEvent, { type: 'mismatch' }>

/** The last member of a network in which another one proposes first, and so quotes no list of its own. */
async function startWith(): Promise<{ chain: TestChain; self: TestKey; aggregator: TestKey }> {
  for (let i = 0; ; i++) {
    const chain = await startChain(`network ${i}`)
    const { net, network } = chain
    const first = aggregatorOf(rankCommittee(network.members, roundSeed(network.id, 1)), 0)
    const aggregator = net.members.find(({ publicKey }) => equalBytes(publicKey, first))
    const self = net.members.at(-1)
    assert.ok(aggregator && self)
    if (aggregator !== self) return { chain, self, aggregator }
  }
}

/** Weights in which one element is not what the inputs give. */
async function wrongWeights({ store }: TestChain, honest: Uint8Array) {
  const tensor = TEST_LAYOUT.tensors.find(({ name }) => name === 'embeddings.weight')
  assert.ok(tensor)
  const bytes = Uint8Array.from(honest)
  new DataView(bytes.buffer).setFloat32(TEST_LAYOUT.dataStart + tensor.begin + 4 * CHANGED, 42.5, true)
  return await importBytes(bytes, store)
}

async function weightsOf({ store }: TestChain, base: TestChain['head']['base']): Promise<Uint8Array> {
  const { weights } = await openBase(base, store.get)
  const whole = checkpointBytes(0)
  assert.equal(weights.bytes, whole.length)
  const leaves = await Array.fromAsync(readLeaves(weights.cid, store.get, { maxBytes: weights.bytes }))
  return new Uint8Array(Buffer.concat(leaves))
}

let start: Awaited<ReturnType<typeof startWith>>
let honest: TestChain
let lying: TestChain
before(async () => {
  start = await startWith()
  honest = await addRound(start.chain)
  const weights = await wrongWeights(honest, await weightsOf(honest, honest.head.base))
  lying = await addRound(start.chain, { lie: { lineage: (told) => ({ ...told, weights }) } })
})

/** A member's round in which others hold everything, list it, and propose a base of these inputs. */
async function judgeProposal(name: string, proposed: TestChain) {
  const { chain, self, aggregator } = start
  const peer = startMemoryPeer({ mesh: memoryNetwork(), name: 'me', chain, key: self, dataDir: join(dir, name) })
  const mismatches = await openMismatches(peer.context)
  const splits = { found: async () => {}, reason: null }
  const evidence = { store: async () => {} }
  const loop = createRoundLoop({
    context: peer.context,
    head: chain.head,
    evidence,
    splits,
    mismatches,
    gate: null,
    muted: null,
    onRound: () => {},
  })
  const event = <T extends PeerEvent['type']>(type: T) =>
    new Promise<Extract<PeerEvent, { type: T }>>((resolve) => {
      const isWanted = (found: PeerEvent): found is Extract<PeerEvent, { type: T }> => found.type === type
      peer.context.events.on((found) => isWanted(found) && resolve(found))
    })
  const [voted, mismatch] = [event('voted'), event('mismatch')]
  loop.start()
  const { base } = proposed.head
  const { lists, inputs } = await readLineage(chain.store, base)
  for (const envelope of inputs) assert.equal(loop.receive('contributions', envelope).verdict, 'accept')
  for (const envelope of lists) assert.equal(loop.receive('votes', envelope).verdict, 'accept')
  const { lineage } = await openBase(base, chain.store.get)
  assert.ok(lineage)
  const fields = { network: chain.network.id, round: 1, view: 0, validView: null, lineage, base }
  assert.equal(loop.receive('votes', sign(proposal, fields, aggregator).envelope).verdict, 'accept')
  const vote = await voted
  return {
    vote,
    mismatch,
    mismatches,
    again: () => mismatches.record(loop.state, 0),
    stop: async () => {
      peer.stop()
      await loop.stop()
    },
  }
}

// fault 85
describe('a proposal that this machine cannot reproduce', { timeout: 120_000 }, () => {
  it('gets no vote, and leaves a file: whose it is, both results, the first element that differs, both values, the inputs', async () => {
    const { vote, mismatch, again, stop } = await judgeProposal('lie', lying)
    assert.deepEqual([vote.step, vote.base, vote.reason], ['prevote', null, 'other-base'])
    const told: Told = await mismatch
    assert.deepEqual([told.round, told.view, told.by], [1, 0, start.aggregator.name])
    assert.deepEqual([told.base, told.own], [String(lying.head.base), String(honest.head.base)])
    assert.deepEqual([told.difference?.tensor, told.difference?.index], ['embeddings.weight', CHANGED])
    assert.equal(told.difference?.proposed, '42.5')
    assert.notEqual(told.difference?.own, '42.5')
    const bundle = JSON.parse(await readFile(told.file, 'utf8'))
    assert.deepEqual(bundle.difference, told.difference)
    assert.equal(bundle.inputs.length, 3)
    assert.ok(bundle.inputs.every((input: object) => 'checkpoint' in input && 'author' in input))
    assert.equal(bundle.parent, String(start.chain.head.base))
    await again()
    assert.equal((await readdir(join(dir, 'lie', 'mismatches'))).length, 1, 'once for each proposal')
    await stop()
  })

  it('is remembered after a restart', async () => {
    const peer = startMemoryPeer({
      mesh: memoryNetwork(),
      name: 'again',
      chain: start.chain,
      dataDir: join(dir, 'lie'),
    })
    const { current } = await openMismatches(peer.context)
    assert.deepEqual(
      current.map(({ round, base }) => [round, base]),
      [[1, String(lying.head.base)]],
    )
  })

  it('is none when the machine gets the same', async () => {
    const { vote, mismatches, again, stop } = await judgeProposal('honest', honest)
    assert.equal(vote.base, String(honest.head.base))
    await again()
    assert.deepEqual(mismatches.current, [])
    await stop()
  })

  it('is one of eight that are kept, the newest, and a file that is damaged or too long is none', async () => {
    const folder = join(dir, 'many', 'mismatches')
    await mkdir(folder, { recursive: true })
    const common = { view: 0, by: 'a', base: 'b', own: 'c', difference: null, reason: 'd' }
    for (let round = 1; round <= 10; round++) {
      await writeFile(join(folder, `round-${round}-view-0.json`), JSON.stringify({ ...common, round, seenMs: round }))
    }
    await writeFile(join(folder, 'round-11-view-0.json'), '{')
    await writeFile(
      join(folder, 'round-12-view-0.json'),
      JSON.stringify({ ...common, seenMs: 12, more: 'x'.repeat(70_000) }),
    )
    const peer = startMemoryPeer({
      mesh: memoryNetwork(),
      name: 'many',
      chain: start.chain,
      dataDir: join(dir, 'many'),
    })
    const { current } = await openMismatches(peer.context)
    assert.deepEqual(
      current.map(({ round }) => round),
      [3, 4, 5, 6, 7, 8, 9, 10],
    )
  })
})
