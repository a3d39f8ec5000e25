import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { parseCid } from '../../../../protocols/wire/bytes.ts'
import { openChain } from '../../../../src/peer/chain.ts'
import { isColdmeshError } from '../../../../src/ports/errors.ts'
import { temporaryDirectory } from '../adapters/files/support.ts'

const BASE = parseCid('bafybeid4yhkwkx4gbajeyun5i3qof5xesngkkjrdjywfvta7mjr3cbqhgq')

describe('openChain', () => {
  it('refuses a damaged file, names the byte, and says that it can be fetched again', async () => {
    await using directory = await temporaryDirectory()
    const path = join(directory.path, 'chain')
    assert.ok(BASE)
    const chain = await openChain(path)
    await chain.append({ round: 1, base: BASE, certificate: new Uint8Array(300) })
    await chain.append({ round: 2, base: BASE, certificate: new Uint8Array(300) })
    await chain.close()
    const bytes = await readFile(path)
    bytes[40] = (bytes[40] ?? 0) ^ 1
    await writeFile(path, bytes)
    await assert.rejects(openChain(path), (error) => {
      return isColdmeshError(error, 'refused') && error.facts['offset'] === 8 && /^Delete it/.test(error.hint ?? '')
    })
  })
})
