import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { verifyArchiveFile } from '../../../src/peer/archive/verify.ts'
import { oneBitOfEachByte, undetectedFlips } from '../../support/archive/mutations.ts'
import { archiveOf, smallChain } from '../../support/archive/small-archive.ts'
import { temporaryDirectory } from '../../support/history/temporary.ts'
import { sampleBits } from '../../support/protocols/flips.ts'

const folder = temporaryDirectory()

describe('a flipped bit', () => {
  for (const [contents, level] of [
    ['lineage', 'signatures'],
    ['everything', 'full'],
  ] as const) {
    it(`is found in every byte of a small archive of ${contents}, at level ${level}`, async () => {
      const { path, bytes } = await archiveOf(await smallChain(1), contents, folder)
      assert.ok(bytes.length > 3000)
      const verify = (file: string) => verifyArchiveFile(file, { level })
      assert.ok((await verify(path)).valid)
      assert.deepEqual(await undetectedFlips(path, oneBitOfEachByte(bytes.length), verify), [])
      assert.ok((await verify(path)).valid)
    })
  }

  it('is found in ten thousand places of a larger one', async () => {
    const { path, bytes } = await archiveOf(await smallChain(30), 'everything', folder)
    assert.ok(bytes.length > 150_000)
    const verify = (file: string) => verifyArchiveFile(file, { level: 'signatures' })
    assert.ok((await verify(path)).valid)
    assert.deepEqual(await undetectedFlips(path, sampleBits(bytes, 10_000, 1), verify), [])
  })
})
