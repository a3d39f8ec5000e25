import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'

/** Prints the address of every module that is loaded. */
const LOADED = (entry: string) => `
  import module from 'node:module'
  module.registerHooks({ load: (url, context, next) => (console.log(url), next(url, context)) })
  await import('${entry}')
`

async function modulesOf(entry: string): Promise<readonly string[]> {
  const args = ['--conditions=coldmesh-source', '--input-type=module', '--eval', LOADED(entry)]
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 1 << 24 })
  return stdout.trim().split('\n')
}

/** What only those need who take part, train or read data sets. */
const OF_OTHERS = [
  '@libp2p/crypto',
  'helia/dist',
  'libp2p/dist',
  'hyparquet',
  'tokenizers',
  '/src/training/',
  '/src/lab/',
]

describe('coldmesh/history', () => {
  it('loads nothing that only other verbs need', async () => {
    const loaded = await modulesOf('coldmesh/history')
    assert.ok(loaded.some((url) => url.endsWith('/src/peer/verify-archive.ts')))
    assert.deepEqual(
      loaded.filter((url) => OF_OTHERS.some((part) => url.includes(part))),
      [],
    )
    const all = await modulesOf('coldmesh')
    assert.ok(all.length > loaded.length + 200, `${loaded.length} of ${all.length} modules`)
  })
})
