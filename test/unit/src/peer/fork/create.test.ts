import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import { genesis } from '../../../../../protocols/genesis/messages.ts'
import { equalCids, parseCid, toHex } from '../../../../../protocols/wire/bytes.ts'
import { nullLog } from '../../../../../src/adapters/memory/log.ts'
import { openBase } from '../../../../../src/checkpoint/base.ts'
import { initDataDir, paths } from '../../../../../src/peer/data-dir.ts'
import { createFork } from '../../../../../src/peer/fork/create.ts'
import { exportContent } from '../../../../../src/peer/history/export.ts'
import { openHistory } from '../../../../../src/peer/open-history.ts'
import { createContentStore } from '../../../../../src/peer/store/content-store.ts'
import { addRound, startChain, type TestChain } from '../../../../support/history/build-chain.ts'
import { temporaryDirectory } from '../../../../support/history/temporary.ts'
import { voucherBy } from '../../../../support/protocols/messages.ts'
import { testKeys } from '../../../../support/protocols/network.ts'

const home = temporaryDirectory()
const committee = testKeys(2, 'survivor').map(({ name, publicKey }) => ({ name, key: toHex(publicKey) }))
let old: TestChain
let exported: string
let count = 0

const newDir = () => join(home, `data-${++count}`)
const fails = (code: string, pattern: RegExp) => (error: unknown) => {
  assert.ok(error instanceof Error && 'code' in error)
  assert.equal(error.code, code, error.message)
  assert.match(error.message, pattern)
  return true
}

async function exportNewest(name: string, certified = true): Promise<string> {
  const newest = old.entries.at(-1)
  assert.ok(newest)
  const out = join(home, name)
  await exportContent({
    network: old.network,
    genesisBytes: old.net.bytes,
    store: old.store,
    cid: newest.base,
    out,
    certificateOf: () => (certified ? newest.certificate : null),
  })
  return out
}

// A data directory of its own is in the e2e test of forks; here is what an export alone can do.
describe('createFork', () => {
  before(async () => {
    const start = await startChain('old', { contributors: 'vouched' })
    const [member] = start.net.members
    assert.ok(member)
    old = await addRound(start, { voucherFor: (key) => voucherBy(member, start.net, key).envelope })
    exported = await exportNewest('exported')
  })

  it('begins with the same files, its own committee, and every other rule as it was', async () => {
    const dataDir = newDir()
    const { network, base, fork } = await createFork({ of: exported, dataDir, committee })
    const newest = old.entries.at(-1)
    assert.ok(newest)
    assert.deepEqual([fork.of, fork.network, fork.round], [String(newest.base), String(old.net.network), 1])
    await using history = await openHistory(dataDir)
    assert.equal(history.network, network)
    const [id, baseCid] = [parseCid(network), parseCid(base)]
    assert.ok(id && baseCid)
    const { valid, fork: told } = await history.verify(base)
    assert.ok(valid)
    // An export has no rounds before its own, and not the genesis' base: who certified is not known for sure.
    assert.equal(told?.state, 'unchecked')
    assert.match(told?.reason ?? '', /block-missing/)
    await history[Symbol.asyncDispose]()

    const store = await createContentStore({ dir: paths.blocks(dataDir), node: null, log: nullLog })
    try {
      const made = genesis.decode(await store.get(id))
      const before = old.net.genesis
      assert.deepEqual(
        made.committee.map(({ name }) => name),
        committee.map(({ name }) => name),
      )
      assert.deepEqual(
        [made.name, made.contributors, made.quorum, made.round, made.fusion],
        [before.name, before.contributors, before.quorum, before.round, before.fusion],
      )
      const [then, now] = [await openBase(newest.base, old.store.get), await openBase(baseCid, store.get)]
      assert.ok(equalCids(then.weights.cid, now.weights.cid))
      assert.deepEqual(now.shared.map(String), then.shared.map(String))
      assert.deepEqual([now.card, now.lineage], [null, null])
    } finally {
      await store.stop()
    }
  })

  it('takes the rules that are given', async () => {
    const dataDir = newDir()
    const { network } = await createFork({
      of: exported,
      dataDir,
      committee,
      name: 'new',
      contributors: 'open',
      quorum: 'crash',
    })
    const id = parseCid(network)
    assert.ok(id)
    const store = await createContentStore({ dir: paths.blocks(dataDir), node: null, log: nullLog })
    const made = genesis.decode(await store.get(id))
    await store.stop()
    assert.deepEqual([made.name, made.contributors, made.quorum], ['new', 'open', 'crash'])
  })

  it('makes nothing from a base that does not hold', async () => {
    const changed = await exportNewest('changed')
    const weights = await readFile(join(changed, 'model.safetensors'))
    weights[weights.length - 3] = (weights.at(-3) ?? 0) ^ 1
    await writeFile(join(changed, 'model.safetensors'), weights)
    const dataDir = newDir()
    await assert.rejects(createFork({ of: changed, dataDir, committee }), fails('not-valid', /weights|certificate/))
    await assert.rejects(openHistory(dataDir), fails('bad-input', /no network yet/))
  })

  it('makes nothing from a proposal, from a CID alone, or over another network', async () => {
    const proposal = await exportNewest('proposal', false)
    const create = (of: string, dataDir = newDir()) => createFork({ of, dataDir, committee })
    await assert.rejects(create(proposal), fails('bad-input', /its certificate does not lie beside it/))
    await assert.rejects(create(String(old.head.base)), fails('bad-input', /which data directory/))
    await assert.rejects(create('nothing'), fails('bad-input', /neither a directory that exists nor a CID/))
    const taken = newDir()
    await initDataDir(taken)
    await create(exported, taken)
    await assert.rejects(create(exported, taken), fails('bad-input', /belongs to network/))
  })
})
