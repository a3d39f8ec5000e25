import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, open, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { CID } from 'multiformats/cid'
import { create } from 'multiformats/hashes/digest'
import { openPackedBlocks } from '../../../../../src/adapters/blocks/packed-blocks.ts'
import { sweepTemporary, writeFileAtomic } from '../../../../../src/adapters/files/atomic.ts'
import { openJournal } from '../../../../../src/adapters/files/journal.ts'
import { createKey, readKey } from '../../../../../src/adapters/files/key-file.ts'
import { initDataDir } from '../../../../../src/peer/data-dir.ts'
import type { Journal } from '../../../../../src/ports/system.ts'
import { afterPowerCut, LOSSES, type Recording, recordDisk } from '../../../../support/disk/power-cut.ts'
import { temporaryDirectory } from './support.ts'

/** Cuts the power after each step, in each way; `check` reads what is left. `isDone`: the writer had been told that it is durable. */
async function cutEverywhere(
  recording: Recording,
  check: (directory: string, isDone: boolean, when: string) => Promise<void>,
): Promise<void> {
  await using directory = await temporaryDirectory()
  assert.ok(recording.steps.length > 1)
  for (let count = 0; count <= recording.steps.length; count++) {
    for (const loss of LOSSES) {
      const left = join(directory.path, `${count} ${loss}`)
      await mkdir(left)
      await afterPowerCut(recording, { count, loss, directory: left })
      const when = `after ${count} steps (last: ${recording.steps[count - 1]?.op}), ${loss}`
      await check(left, count === recording.steps.length, when)
    }
  }
}

async function textOf(path: string): Promise<string | null> {
  return existsSync(path) ? await readFile(path, 'utf8') : null
}

/** Old is allowed until the writer was told that it is done. */
function assertOldOrNew<T>(found: T, [old, fresh]: readonly [T, T], isDone: boolean, when: string): void {
  const allowed = isDone ? [fresh] : [old, fresh]
  const isAllowed = allowed.some((value) => JSON.stringify(value) === JSON.stringify(found))
  assert.ok(isAllowed, `${when}: ${JSON.stringify(found)} is none of ${JSON.stringify(allowed)}`)
}

async function recordsOf(path: string): Promise<readonly string[]> {
  const journal = await openJournal(path)
  await journal.close()
  return journal.records.map((record) => Buffer.from(record).toString())
}

// docs/reliability.md: faults 47 and 48 (kills and power cuts after each step): old or new, never half.
describe('a power cut after any step', () => {
  it('leaves the old or the new file, also in a directory that was just made', async () => {
    await using directory = await temporaryDirectory()
    await writeFileAtomic(join(directory.path, 'file'), Buffer.from('old'))
    const replaced = await recordDisk(directory.path, () =>
      writeFileAtomic(join(directory.path, 'file'), Buffer.from('new, longer')),
    )
    await cutEverywhere(replaced, async (left, isDone, when) => {
      assertOldOrNew(await textOf(join(left, 'file')), ['old', 'new, longer'], isDone, when)
      await sweepTemporary(left)
      assert.deepEqual(await readdir(left), ['file'], when)
    })
    const nested = await recordDisk(directory.path, () =>
      writeFileAtomic(join(directory.path, 'a', 'b', 'file'), Buffer.from('first')),
    )
    await cutEverywhere(nested, async (left, isDone, when) => {
      assertOldOrNew(await textOf(join(left, 'a', 'b', 'file')), [null, 'first'], isDone, when)
    })
  })

  it('keeps every acknowledged record of a journal, and opens it', async () => {
    await using directory = await temporaryDirectory()
    const path = join(directory.path, 'journal')
    const change = (work: (journal: Journal) => Promise<void>) => async () => {
      const journal = await openJournal(path)
      await work(journal)
      await journal.close()
    }
    await change((journal) => journal.append(Buffer.from('one')))()
    const appended = await recordDisk(
      directory.path,
      change((journal) => journal.append(Buffer.from('two '.repeat(400)))),
    )
    await cutEverywhere(appended, async (left, isDone, when) => {
      const found = await recordsOf(join(left, 'journal'))
      assertOldOrNew(found, [['one'], ['one', 'two '.repeat(400)]], isDone, when)
    })
    const rewritten = await recordDisk(
      directory.path,
      change((journal) => journal.rewrite([Buffer.from('three')])),
    )
    await cutEverywhere(rewritten, async (left, isDone, when) => {
      const found = await recordsOf(join(left, 'journal'))
      assertOldOrNew(found, [['one', 'two '.repeat(400)], ['three']], isDone, when)
    })
  })

  // Found by the simulator: such a record is said again, and would be forgotten and contradicted.
  it('keeps a record that a killed process wrote and did not sync, once somebody read it', async () => {
    await using directory = await temporaryDirectory()
    await using other = await temporaryDirectory()
    const [path, copy] = [join(directory.path, 'journal'), join(other.path, 'journal')]
    for (const [at, records] of [
      [path, ['one']],
      [copy, ['one', 'two']],
    ] as const) {
      const journal = await openJournal(at)
      for (const record of records) await journal.append(Buffer.from(record))
      await journal.close()
    }
    const killed = await recordDisk(directory.path, async () => {
      const file = await open(path, 'r+')
      await file.write(await readFile(copy), 0)
      await file.close()
      assert.deepEqual(await recordsOf(path), ['one', 'two'])
    })
    await cutEverywhere(killed, async (left, isDone, when) => {
      assertOldOrNew(await recordsOf(join(left, 'journal')), [['one'], ['one', 'two']], isDone, when)
    })
  })

  it('leaves a block whole or not at all, and those before it as they were', async () => {
    await using directory = await temporaryDirectory()
    const [first, second] = [Buffer.alloc(5_000, 7), Buffer.alloc(6_000, 8)]
    const cidOf = (block: Buffer) => CID.createV1(0x55, create(0x12, createHash('sha256').update(block).digest()))
    for (const [block, others] of [
      [first, []],
      [second, [first]],
    ] as const) {
      const files = await openPackedBlocks(directory.path)
      const written = await recordDisk(directory.path, () => files.write(cidOf(block), block))
      await cutEverywhere(written, async (left, isDone, when) => {
        const again = await openPackedBlocks(left)
        for (const other of others) assert.ok(Buffer.from((await again.read(cidOf(other))) ?? []).equals(other), when)
        const found = await again.read(cidOf(block))
        assertOldOrNew(found === undefined ? null : Buffer.from(found).equals(block), [null, true], isDone, when)
        // What is written after it does not get lost behind what was torn.
        await again.write(cidOf(Buffer.from('next')), Buffer.from('next'))
        const third = await openPackedBlocks(left)
        assert.equal(Buffer.from((await third.read(cidOf(Buffer.from('next')))) ?? []).toString(), 'next', when)
        assert.equal(third.usage.blocks, again.usage.blocks, when)
      })
    }
  })

  it('leaves a key whole or not at all, and a new data directory is finished by the next start', async () => {
    await using directory = await temporaryDirectory()
    const path = join(directory.path, 'keys', 'key')
    const made = await recordDisk(directory.path, () => createKey(path))
    const seed = Buffer.from(await readKey(path)).toString('hex')
    await cutEverywhere(made, async (left, isDone, when) => {
      const file = join(left, 'keys', 'key')
      const found = existsSync(file) ? Buffer.from(await readKey(file)).toString('hex') : null
      assertOldOrNew(found, [null, seed], isDone, when)
    })
    const dataDir = join(directory.path, 'peer')
    await mkdir(dataDir)
    let key = ''
    const initialised = await recordDisk(dataDir, async () => {
      key = (await initDataDir(dataDir, { name: 'ada' })).key
    })
    await cutEverywhere(initialised, async (left, isDone, when) => {
      const hadKey = existsSync(join(left, 'key'))
      const again = await initDataDir(left, { name: 'ada' })
      assert.ok(hadKey === !again.created && (!hadKey || again.key === key), when)
      assert.ok(hadKey || !isDone, when)
    })
  })
})
