import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { describe, it } from 'node:test'
import { complaint, impurities, placeOf } from './floors.ts'
import { cyclesOf, importsOf } from './imports.ts'
import { ROOT, readSources, type SourceFile, withoutStrings } from './source-files.ts'

const files = readSources(['protocols', 'src', 'node', 'examples'], /\.(ts|js|mjs)$/)
const isThere = (path: string) => existsSync(`${ROOT}${path}`)

const complaintsAbout = (sources: readonly SourceFile[], exists: (path: string) => boolean) =>
  sources.flatMap(importsOf).flatMap((found) => {
    const why = complaint(found, exists)
    return why === null ? [] : [`${found.from}: ${found.specifier} (${why})`]
  })

const isPure = ({ path }: SourceFile) => (placeOf(path)?.floor ?? 9) < 3

describe('the house', () => {
  it('has files on every floor', () => {
    const floors = new Set(files.map(({ path }) => Math.floor(placeOf(path)?.floor ?? -1)))
    for (const floor of [0, 1, 2, 3, 4, 5]) assert.ok(floors.has(floor), `floor ${floor}`)
    assert.ok(files.flatMap(importsOf).length > 300)
  })

  it('imports downwards only', () => assert.deepEqual(complaintsAbout(files, isThere), []))

  it('has no cycles', () => {
    const imports = files.flatMap(importsOf).filter(({ isTypeOnly }) => !isTypeOnly)
    assert.deepEqual(cyclesOf(imports), [])
  })

  it('keeps clock, chance and the world out of floors 0 to 2', () => {
    const found = files
      .filter(isPure)
      .flatMap(({ path, text }) => impurities(withoutStrings(text)).map((name) => `${path}: ${name}`))
    assert.deepEqual(found, [])
  })
})

describe('the check of imports', () => {
  const wrong: readonly (readonly [path: string, line: string])[] = [
    ['protocols/wire/a.ts', `import { b } from '../round/b.ts'`],
    ['protocols/wire/a.ts', `import type { B } from '../../src/ports/b.ts'`],
    ['protocols/wire/a.ts', `import nacl from 'tweetnacl'`],
    ['protocols/wire/a.ts', `import { hash } from 'node:crypto'`],
    ['protocols/wire/a.ts', `import { readFile } from 'node:fs/promises'`],
    ['protocols/round/a.ts', `import type { B } from '../lineage/b.ts'`],
    ['protocols/round/a.ts', `export * from '../lineage/b.ts'`],
    ['protocols/round/a.ts', `import { a } from '../registry.ts'`],
    ['protocols/round/a.ts', `import { encode } from '@ipld/dag-cbor'`],
    ['src/ports/a.ts', `import type { B } from '../rounds/b.ts'`],
    ['src/rounds/a.ts', `export { b } from '../fusion/b.ts'`],
    ['src/rounds/a.ts', `import { b } from '../peer/b.ts'`],
    ['src/rounds/a.ts', `import { hash } from 'node:crypto'`],
    ['src/checkpoint/a.ts', `import { open } from 'node:fs'`],
    ['src/adapters/x/a.ts', `const b = await import('../y/b.ts')`],
    ['src/adapters/x/a.ts', `const url = new URL('../y/worker.ts', import.meta.url)`],
    ['src/adapters/x/a.ts', `import { b } from '../../peer/b.ts'`],
    ['src/peer/a.ts', `import { b } from '../../node/b.ts'`],
    ['src/peer/a.ts', `import { b } from 'coldmesh'`],
    ['src/peer/a.ts', `import { b } from './missing.ts'`],
    ['src/peer/a.ts', `import { b } from './b'`],
    ['src/other/a.ts', `import { b } from './b.ts'`],
    ['node/a.ts', `import {\n  b,\n} from '../src/peer/b.ts'`],
    ['node/a.ts', `import 'coldmesh/src/peer/b.ts'`],
    ['node/a.ts', `const b = import('../protocols/index.ts')`],
    ['examples/a.ts', `import { b } from '../node/b.ts'`],
    ['examples/a.ts', `import { b } from '../src/index.ts'`],
    ['examples/data/a.ts', `import { b } from '../../node/b.ts'`],
  ]
  const exists = (path: string) => !path.includes('missing')

  for (const [path, text] of wrong) {
    it(`sees ${JSON.stringify(text)} in ${path}`, () =>
      assert.equal(complaintsAbout([{ path, text }], exists).length, 1))
  }

  it('lets through what architecture allows', () => {
    const right: readonly (readonly [string, string])[] = [
      ['protocols/wire/crypto.ts', `import nacl from 'tweetnacl'`],
      ['protocols/round/a.ts', `import { b } from '../wire/b.ts'`],
      ['protocols/registry.ts', `import { b } from './round/b.ts'`],
      ['protocols/index.ts', `export { b } from './registry.ts'`],
      ['src/rounds/a.ts', `import type { B } from '../ports/b.ts'\nimport { c } from '../../protocols/wire/c.ts'`],
      ['src/checkpoint/a.ts', `import { hash } from 'node:crypto'\nimport * as dagPb from '@ipld/dag-pb'`],
      [
        'src/adapters/x/a.ts',
        `const url = new URL(\`./worker.\${extension}\`, import.meta.url)\nimport { z } from 'zod'`,
      ],
      ['src/peer/a.ts', `import { b } from '../adapters/x/b.ts'`],
      ['node/a.ts', `import { b } from 'coldmesh'\nimport { c } from './c.ts'\nimport fs from 'node:fs'`],
      ['examples/a.ts', `import { b } from 'coldmesh'`],
      ['examples/data/a.ts', `import { b } from '../../src/adapters/x/b.ts'`],
    ]
    assert.deepEqual(
      complaintsAbout(
        right.map(([path, text]) => ({ path, text })),
        exists,
      ),
      [],
    )
  })

  it('does not read comments', () => {
    const text = `// import { b } from '../round/b.ts'\n/* export * from '../../src/a.ts' */`
    assert.deepEqual(importsOf({ path: 'protocols/wire/a.ts', text }), [])
  })

  it('finds cycles, also long ones', () => {
    const source = (path: string, to: string) => ({ path: `src/peer/${path}.ts`, text: `import './${to}.ts'` })
    const ring = [source('a', 'b'), source('b', 'c'), source('c', 'a'), source('d', 'a')]
    assert.deepEqual(cyclesOf(ring.flatMap(importsOf)), [['src/peer/a.ts', 'src/peer/b.ts', 'src/peer/c.ts']])
    assert.deepEqual(cyclesOf(ring.slice(0, 2).flatMap(importsOf)), [])
  })

  it('sees clocks, dice and the world', () => {
    const lines = [
      'Date.now()',
      'new Date()',
      'Math.random()',
      'performance.now()',
      'setTimeout(f, 1)',
      'process.env',
      'await fetch(url)',
      'console.log(1)',
    ]
    for (const line of lines) assert.equal(impurities(withoutStrings(line)).length, 1, line)
    for (const line of [
      'fetch(root: CID): Promise<void>',
      "'Date.now'",
      '// Math.random',
      'store.fetch(cid)',
      'a.process',
    ]) {
      assert.deepEqual(impurities(withoutStrings(line)), [], line)
    }
  })
})
