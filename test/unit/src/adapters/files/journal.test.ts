import assert from 'node:assert/strict'
import { appendFile, mkdir, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { openJournal } from '../../../../../src/adapters/files/journal.ts'
import { isColdmeshError } from '../../../../../src/ports/errors.ts'
import { temporaryDirectory } from './support.ts'

const text = (record: Uint8Array): string => new TextDecoder().decode(record)
const bytes = (value: string): Uint8Array => new TextEncoder().encode(value)
const isDamage = (offset: number) => (error: unknown) =>
  isColdmeshError(error, 'refused') && error.facts['offset'] === offset

async function filled(path: string, records: readonly string[]): Promise<number> {
  const journal = await openJournal(path)
  for (const record of records) await journal.append(bytes(record))
  await journal.close()
  return (await stat(path)).size
}

describe('openJournal', () => {
  it('gives back what was appended, in order, after a restart', async () => {
    await using directory = await temporaryDirectory()
    const path = join(directory.path, 'deep', 'votes.journal')
    await filled(path, ['one', '', 'three'])
    const journal = await openJournal(path)
    assert.deepEqual(journal.records.map(text), ['one', '', 'three'])
    await journal.close()
  })

  it('keeps the order of appends that do not wait for each other', async () => {
    await using directory = await temporaryDirectory()
    const path = join(directory.path, 'j')
    const journal = await openJournal(path)
    const names = Array.from({ length: 20 }, (_, i) => `record ${i}`)
    await Promise.all(names.map((name) => journal.append(bytes(name))))
    assert.deepEqual(journal.records.map(text), names)
    await journal.close()
    const again = await openJournal(path)
    assert.deepEqual(again.records.map(text), names)
    await again.close()
  })

  it('drops a last record cut anywhere, and appends after the rest', async () => {
    await using directory = await temporaryDirectory()
    const first = await filled(join(directory.path, 'a'), ['kept'])
    const whole = await filled(join(directory.path, 'b'), ['kept', 'torn away'])
    for (let size = first; size < whole; size++) {
      const path = join(directory.path, `cut-${size}`)
      await filled(path, ['kept', 'torn away'])
      await truncate(path, size)
      const journal = await openJournal(path)
      assert.deepEqual(journal.records.map(text), ['kept'], `cut at ${size}`)
      await journal.append(bytes('next'))
      await journal.close()
      const again = await openJournal(path)
      assert.deepEqual(again.records.map(text), ['kept', 'next'])
      await again.close()
    }
  })

  it('drops zeros that a power cut left at the end', async () => {
    await using directory = await temporaryDirectory()
    const path = join(directory.path, 'j')
    await filled(path, ['kept'])
    await appendFile(path, Buffer.alloc(4096))
    const journal = await openJournal(path)
    assert.deepEqual(journal.records.map(text), ['kept'])
    await journal.close()
  })

  it('refuses a flipped bit anywhere in any record and names the offset of that record', async () => {
    await using directory = await temporaryDirectory()
    const path = join(directory.path, 'j')
    const second = await filled(path, ['first'])
    await filled(path, ['second one', 'third'])
    const good = await readFile(path)
    for (let at = second; at < second + 12 + 'second one'.length; at++) {
      const bad = Buffer.from(good)
      bad[at] = (bad[at] ?? 0) ^ 0x10
      await writeFile(path, bad)
      await assert.rejects(openJournal(path), isDamage(second), `bit flipped at ${at}`)
    }
  })

  it('refuses rot in the last record too: an acknowledged vote is never forgotten', async () => {
    await using directory = await temporaryDirectory()
    const path = join(directory.path, 'j')
    const offset = await filled(path, ['first'])
    const size = await filled(path, ['the last vote'])
    const bad = await readFile(path)
    bad[size - 3] = (bad[size - 3] ?? 0) ^ 1
    await writeFile(path, bad)
    await assert.rejects(openJournal(path), isDamage(offset))
  })

  it('drops a last record of which a whole sector never reached the disk', async () => {
    await using directory = await temporaryDirectory()
    const path = join(directory.path, 'j')
    await filled(path, ['first'])
    const size = await filled(path, ['x'.repeat(3000)])
    const bad = await readFile(path)
    bad.fill(0, size - 1000)
    await writeFile(path, bad)
    const journal = await openJournal(path)
    assert.deepEqual(journal.records.map(text), ['first'])
    await journal.close()
  })

  it('refuses a file that is no journal and leaves it as it is', async () => {
    await using directory = await temporaryDirectory()
    const path = join(directory.path, 'j')
    await writeFile(path, 'something else entirely')
    await assert.rejects(openJournal(path), isDamage(0))
    assert.equal(await readFile(path, 'utf8'), 'something else entirely')
  })

  it('replaces all records at once and leaves no temporary file', async () => {
    await using directory = await temporaryDirectory()
    const path = join(directory.path, 'j')
    const journal = await openJournal(path)
    await journal.append(bytes('old'))
    await Promise.all([journal.rewrite([bytes('a'), bytes('b')]), journal.append(bytes('c'))])
    await journal.close()
    const again = await openJournal(path)
    assert.deepEqual(again.records.map(text), ['a', 'b', 'c'])
    await again.close()
    assert.deepEqual(await readdir(directory.path), ['j'])
  })

  it('refuses a directory in the place of the file', async () => {
    await using directory = await temporaryDirectory()
    const path = join(directory.path, 'j')
    await mkdir(path)
    await assert.rejects(openJournal(path), (error) => isColdmeshError(error, 'refused'))
  })

  it('does not append after close', async () => {
    await using directory = await temporaryDirectory()
    const journal = await openJournal(join(directory.path, 'j'))
    await journal.close()
    await journal.close()
    await assert.rejects(journal.append(bytes('late')))
  })
})
