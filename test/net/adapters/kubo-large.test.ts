import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { rootOf, treeOfDigests } from '../../../src/checkpoint/digest-tree.ts'
import { LEAF_BYTES, leafCount } from '../../../src/checkpoint/leaves.ts'
import { skipWithoutKubo as skip, startKubo } from '../../support/kubo/kubo.ts'
import { temporaryDirectory } from './support.ts'

/** Numbers of 32 bits have a sign from 2^31 on. Longer files still go to Kubo by `npm run bench -- --only transfer --sizes 5GB`. */
const BYTES = 2 ** 31 + 50_000_003

describe('a file of more than 2 GiB', { skip }, () => {
  it('has the same CID for Kubo as for us', async () => {
    await using directory = await temporaryDirectory()
    await using kubo = await startKubo(join(directory.path, 'kubo'))
    const path = join(directory.path, 'zeros')
    await using file = await open(path, 'w')
    await file.truncate(BYTES)
    const theirs = await kubo.ipfs('add', '--only-hash', '--quieter', path)
    assert.equal(theirs, String(rootOf(treeOfDigests(digestsOfZeros(BYTES), BYTES))))
  })
})

function digestsOfZeros(bytes: number): Uint8Array {
  const count = leafCount(bytes)
  const digestOf = (length: number): Uint8Array => hash('sha256', new Uint8Array(length), 'buffer')
  const whole = digestOf(LEAF_BYTES)
  const digests = Array.from({ length: count - 1 }, () => whole)
  return Buffer.concat([...digests, digestOf(bytes - (count - 1) * LEAF_BYTES)])
}
