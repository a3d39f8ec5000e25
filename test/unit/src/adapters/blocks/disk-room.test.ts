import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { openBlockStore } from '../../../../../src/adapters/blocks/open-block-store.ts'
import { rawCid } from '../../../../../src/checkpoint/cid.ts'
import { DIGEST_BYTES, rootOf, treeOfDigests } from '../../../../../src/checkpoint/digest-tree.ts'
import { isColdmeshError } from '../../../../../src/ports/errors.ts'
import { temporaryDirectory } from '../../../../net/adapters/support.ts'
import { mountSmallDisk } from '../../../../support/disk/small-disk.ts'

const MIB = 1_048_576
const BUDGET = 10 * MIB

type Store = Awaited<ReturnType<typeof openBlockStore>>

async function makeFile(store: Store, mebibytes: number, byte: number) {
  await using making = await store.files.make(mebibytes * MIB)
  await writeFile(making.path, Buffer.alloc(mebibytes * MIB, byte))
  const digest = hash('sha256', Buffer.alloc(MIB, byte), 'buffer')
  return await making.finish(Buffer.concat(Array.from({ length: mebibytes }, () => digest)))
}

function announced(mebibytes: number) {
  const digests = Uint8Array.from({ length: mebibytes * DIGEST_BYTES }, (_, i) => (i * 7 + (i >> 5)) % 251)
  const bytes = mebibytes * MIB
  const leaves = Array.from({ length: mebibytes }, (_, i) => {
    const cid = rawCid(Uint8Array.of(i))
    digests.set(cid.multihash.digest, i * DIGEST_BYTES)
    return { cid, bytes: MIB }
  })
  return { root: rootOf(treeOfDigests(digests, bytes)), bytes, leaves }
}

const isRefused = (pattern: RegExp) => (error: unknown) =>
  isColdmeshError(error, 'refused') && pattern.test(error.message) && /--keep-rounds/.test(error.hint ?? '')

describe('a disk budget', () => {
  it('refuses what will not fit before anything of it is there, with what is used and what to do', async () => {
    await using directory = await temporaryDirectory()
    await using store = await openBlockStore(directory.path, { diskBudget: BUDGET })
    await makeFile(store, 6, 1)
    const { usedBytes, budgetBytes, freeBytes } = store.retention.disk
    assert.ok(usedBytes >= 6 * MIB && usedBytes < 6.2 * MIB, `${usedBytes} bytes`)
    assert.equal(budgetBytes, BUDGET)
    assert.ok(freeBytes !== null && freeBytes > 0)
    const says = isRefused(/5\.2 MB does not fit.*budget of 10\.5 MB; 6\.\d MB are used/)
    await assert.rejects(store.files.receive(announced(5)), says)
    await assert.rejects(store.files.make(5 * MIB), says)
    await using fits = await store.files.receive(announced(3))
    assert.equal(fits.missing.length, 3)
  })

  it('counts what is on its way as if it were written, until it is given up', async () => {
    await using directory = await temporaryDirectory()
    await using store = await openBlockStore(directory.path, { diskBudget: BUDGET })
    const first = await store.files.make(6 * MIB)
    await assert.rejects(store.files.receive(announced(5)), isRefused(/does not fit/))
    await first[Symbol.asyncDispose]()
    const second = await store.files.receive(announced(5))
    await assert.rejects(store.files.make(6 * MIB), isRefused(/does not fit/))
    await second[Symbol.asyncDispose]()
    await using _third = await store.files.make(6 * MIB)
  })

  it('has room again for what was collected', async () => {
    await using directory = await temporaryDirectory()
    await using store = await openBlockStore(directory.path, { diskBudget: BUDGET })
    const old = await makeFile(store, 6, 1)
    await assert.rejects(makeFile(store, 5, 2), isRefused(/does not fit/))
    const plan = async () => ({ drop: [old], keep: [], isKept: () => false })
    await store.retention.sweep({ plan, onGone: async () => {}, signal: new AbortController().signal })
    await makeFile(store, 5, 2)
  })

  // docs/reliability.md: fault 45 (disk full), before a download instead of in the middle of it.
  it('or without one: the disk itself refuses what will not fit, and takes it once there is room', async () => {
    await using directory = await temporaryDirectory()
    await using disk = await mountSmallDisk(join(directory.path, 'small'), 64)
    await using store = await openBlockStore(join(disk.path, 'blocks'))
    await assert.rejects(store.files.receive(announced(40)), isRefused(/does not fit on the disk.*ENOSPC.*are free/))
    await using received = await store.files.receive(announced(20))
    await assert.rejects(store.files.make(20 * MIB), isRefused(/ENOSPC/))
    await received[Symbol.asyncDispose]()
    await makeFile(store, 20, 1)
  })
})
