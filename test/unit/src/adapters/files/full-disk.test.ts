import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { CID } from 'multiformats/cid'
import { create } from 'multiformats/hashes/digest'
import { openPackedBlocks } from '../../../../../src/adapters/blocks/packed-blocks.ts'
import { writeFileAtomic } from '../../../../../src/adapters/files/atomic.ts'
import { openDatastore } from '../../../../../src/adapters/files/datastore.ts'
import { openJournal } from '../../../../../src/adapters/files/journal.ts'
import { createKey } from '../../../../../src/adapters/files/key-file.ts'
import { lockDirectory } from '../../../../../src/adapters/files/lock.ts'
import { createLog } from '../../../../../src/adapters/system/log.ts'
import { openChain } from '../../../../../src/peer/chain.ts'
import { isColdmeshError } from '../../../../../src/ports/errors.ts'
import { mountSmallDisk, type SmallDisk } from '../../../../support/disk/small-disk.ts'
import { temporaryDirectory } from './support.ts'

const cidOf = (block: Uint8Array, codec = 0x55) =>
  CID.createV1(codec, create(0x12, createHash('sha256').update(block).digest()))

const isFull = (error: unknown): boolean =>
  isColdmeshError(error, 'refused') && error.facts['system'] === 'ENOSPC' && /full/.test(error.hint ?? '')

// docs/reliability.md: fault 45 (disk full at each write), on a real full disk.
describe('on a full disk', () => {
  let temporary: Awaited<ReturnType<typeof temporaryDirectory>>
  let disk: SmallDisk
  before(async () => {
    temporary = await temporaryDirectory()
    disk = await mountSmallDisk(join(temporary.path, 'small'), 4)
  })
  after(async () => {
    await disk[Symbol.asyncDispose]()
    await temporary[Symbol.asyncDispose]()
  })

  /** Appends until the disk refuses; how many were acknowledged. */
  async function appendUntilFull(append: (i: number) => Promise<void>): Promise<number> {
    for (let i = 0; i < 1_000; i++) {
      try {
        await append(i)
      } catch (error) {
        assert.ok(isFull(error), String(error))
        return i
      }
    }
    throw new Error('the disk never was full')
  }

  it('a journal acknowledges nothing that is not on it, and goes on when there is room', async () => {
    const path = join(disk.path, 'journal')
    const journal = await openJournal(path)
    await journal.append(Buffer.from('before'))
    await disk.fill()
    const acknowledged = await appendUntilFull((i) => journal.append(Buffer.alloc(500, i)))
    await assert.rejects(journal.rewrite([Buffer.alloc(9_000)]), isFull)
    await disk.free()
    await journal.append(Buffer.from('after'))
    await journal.close()
    const again = await openJournal(path)
    assert.equal(again.records.length, acknowledged + 2)
    assert.equal(Buffer.from(again.records.at(-1) ?? []).toString(), 'after')
    await again.close()
  })

  it('a chain keeps its last head, and takes the next when there is room', async () => {
    const path = join(disk.path, 'chain')
    const chain = await openChain(path)
    const entry = (round: number) => ({
      round,
      base: cidOf(Uint8Array.of(round & 255, round >> 8), 0x70),
      certificate: new Uint8Array(500),
    })
    await chain.append(entry(1))
    await disk.fill()
    const acknowledged = await appendUntilFull((i) => chain.append(entry(2 + i)))
    assert.equal(chain.entries.length, 1 + acknowledged)
    await disk.free()
    await chain.append(entry(2 + acknowledged))
    await chain.close()
    const again = await openChain(path)
    assert.deepEqual(
      again.entries.map(({ round }) => round),
      Array.from({ length: 2 + acknowledged }, (_, i) => i + 1),
    )
    await again.close()
  })

  it('a block, a lineage, a head, a snapshot or a config is the old one or none, and nothing is left aside', async () => {
    const blocks = await openPackedBlocks(join(disk.path, 'blocks'))
    const block = new Uint8Array(100_000).fill(3)
    const file = join(disk.path, 'config.json')
    await writeFileAtomic(file, Buffer.from('old'))
    await disk.fill()
    await assert.rejects(blocks.write(cidOf(block), block), isFull)
    await assert.rejects(writeFileAtomic(file, Buffer.alloc(10_000)), isFull)
    assert.equal(await blocks.has(cidOf(block)), false)
    assert.equal(await readFile(file, 'utf8'), 'old')
    assert.deepEqual(await readdir(join(disk.path, 'blocks')), [])
    assert.deepEqual(
      (await readdir(disk.path)).filter((name) => name.endsWith('.tmp')),
      [],
    )
    await disk.free()
    await blocks.write(cidOf(block), block)
    assert.deepEqual(await blocks.read(cidOf(block)), block)
  })

  it('no half key is made, and no lock or datastore opens with a code that says nothing', async () => {
    await disk.fill()
    const key = join(disk.path, 'key')
    await assert.rejects(createKey(key), isFull)
    assert.equal(existsSync(key), false)
    await assert.rejects(lockDirectory(disk.path), isFull)
    await assert.rejects(openDatastore(join(disk.path, 'datastore')), isFull)
    await disk.free()
    assert.equal((await createKey(key)).length, 32)
    await using lock = await lockDirectory(disk.path)
    assert.ok(lock)
  })

  it('a log drops lines and stops nobody', async () => {
    const path = join(disk.path, 'log')
    const log = createLog({ level: 'info', destination: path })
    log.info('before')
    await disk.fill()
    for (let i = 0; i < 200; i++) log.info('lost', { i })
    await disk.free()
    log.info('after')
    log.close()
    const events = (await readFile(path, 'utf8')).trimEnd().split('\n')
    assert.match(events[0] ?? '', /"before"/)
    assert.match(events.at(-1) ?? '', /"after"/)
    assert.ok(events.length < 202)
  })
})
