import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import { encodeJournal } from '../../../../src/adapters/files/journal-format.ts'
import { openBase } from '../../../../src/checkpoint/base.ts'
import { openChain, readChain } from '../../../../src/peer/chain.ts'
import { encodeEntry } from '../../../../src/peer/chain-entry.ts'
import type { TestChain } from '../../../support/history/build-chain.ts'
import { longChain } from '../../../support/history/long-chain.ts'
import { copyStore } from '../../../support/history/memory-store.ts'
import { temporaryDirectory } from '../../../support/history/temporary.ts'

const ROUNDS = 6

describe('a damaged chain file', () => {
  const dir = temporaryDirectory()
  let chain: TestChain
  /** Of the file, and where each record begins. */
  let whole: Buffer
  let starts: readonly number[]

  before(async () => {
    chain = await longChain(ROUNDS)
    whole = encodeJournal(chain.entries.map(encodeEntry))
    starts = chain.entries.map((_, i) => encodeJournal(chain.entries.slice(0, i).map(encodeEntry)).length)
  })

  async function write(name: string, change: (bytes: Buffer) => Buffer): Promise<string> {
    const path = join(dir, name)
    await writeFile(path, change(Buffer.from(whole)))
    return path
  }

  const flipAt = (offset: number) => (bytes: Buffer) => {
    bytes.writeUInt8(bytes.readUInt8(offset) ^ 1, offset)
    return bytes
  }

  it('is whole again wherever one bit flips before its last record: the lineages here hold the certificates', async () => {
    const last = starts.at(-1) ?? 0
    for (let offset = 0; offset < last; offset += 211) {
      const path = await write('flipped', flipAt(offset))
      const opened = await openChain(path, chain.store)
      assert.deepEqual(opened.entries.map(encodeEntry), chain.entries.map(encodeEntry), `byte ${offset}`)
      assert.match(String(opened.mended), /was damaged at byte \d+\..*flipped\.damaged/s)
      await opened.close()
      assert.deepEqual(await readFile(`${path}.damaged`), flipAt(offset)(Buffer.from(whole)))
      const again = await openChain(path, chain.store)
      assert.deepEqual([again.entries.length, again.mended], [ROUNDS, null])
      await again.close()
    }
  })

  it('names which rounds it lost and restored', async () => {
    const path = await write('named', (bytes) => flipAt((starts[2] ?? 0) + 40)(flipAt((starts[3] ?? 0) + 40)(bytes)))
    const opened = await openChain(path, chain.store)
    assert.match(String(opened.mended), new RegExp(`at byte ${starts[2]}\\. Rounds 3 to 4 of it: restored`))
    await opened.close()
  })

  it('ends before a gap that no lineage closes, and says up to which round peers are asked', async () => {
    const store = copyStore(chain.store)
    const { lineage } = await openBase(chain.entries[3]?.base ?? chain.head.base, store.get)
    store.blocks.delete(String(lineage))
    const path = await write('gap', flipAt((starts[2] ?? 0) + 40))
    const opened = await openChain(path, store)
    assert.equal(opened.entries.length, 2)
    assert.match(String(opened.mended), /What it held after round 2 \(up to 6\) is asked of peers/)
    await opened.close()
  })

  it('keeps what is before its last record when that is the damaged one: only peers have the newest certificate', async () => {
    const path = await write('newest', flipAt((starts[5] ?? 0) + 40))
    const opened = await openChain(path, chain.store)
    assert.equal(opened.entries.length, ROUNDS - 1)
    await opened.append(...chain.entries.slice(-1))
    await opened.close()
    assert.equal((await readChain(path)).entries.length, ROUNDS)
  })

  it('that is cut anywhere begins with every record before the cut', async () => {
    for (let cut = 0; cut < whole.length; cut += 331) {
      const path = await write('cut', (bytes) => bytes.subarray(0, cut))
      const opened = await openChain(path, chain.store)
      const kept = starts.filter((_, i) => (starts[i + 1] ?? whole.length) <= cut).length
      assert.equal(opened.entries.length, kept, `cut at ${cut}`)
      await opened.close()
    }
  })

  // docs/reliability.md: fault 40 (a forged index).
  it('is refused when its rounds are not in order, however well it is framed', async () => {
    const forged = encodeJournal([...chain.entries.slice(0, 2), ...chain.entries.slice(1, 4)].map(encodeEntry))
    const path = await write('forged', () => forged)
    await assert.rejects(openChain(path, chain.store), /skips from round 2 to 2/)
  })
})
