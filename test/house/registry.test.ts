import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { REGISTRY } from '../../protocols/registry.ts'
import { readVectors, VECTORS, vectorPath, vectorPaths } from '../support/protocols/vectors.ts'
import { ROOT, readSources } from './source-files.ts'
import { citedRules, countDeclarations, declaredNames, givenReasons, statedRules } from './specification.ts'

const sources = readSources(['protocols'], /\.ts$/)
const protocolOf = (path: string) => path.split('/')[1] ?? ''
const protocols = [...new Set(sources.map(({ path }) => protocolOf(path)).filter((name) => !name.endsWith('.ts')))]
const specOf = (protocol: string) => readFileSync(`${ROOT}protocols/${protocol}/SPEC.md`, 'utf8')

interface Declared {
  readonly protocol: string
  readonly kind: string
}

/** Every message that some file declares, found by loading the files, not by asking the registry. */
async function declaredMessages(): Promise<readonly Declared[]> {
  const files = sources.filter(({ path }) => path.endsWith('/messages.ts'))
  const found = await Promise.all(
    files.map(async (file) => {
      const exported: Record<string, unknown> = await import(`${ROOT}${file.path}`)
      return declaredNames(file).map((name) => ({
        protocol: protocolOf(file.path),
        kind: kindOf(exported[name], name),
      }))
    }),
  )
  return found.flat()
}

function kindOf(declaration: unknown, name: string): string {
  const isDeclaration = typeof declaration === 'object' && declaration !== null && 'kind' in declaration
  assert.ok(isDeclaration && typeof declaration.kind === 'string', `${name} is declared and not exported`)
  return declaration.kind
}

const declared = await declaredMessages()
const rows: readonly string[] = REGISTRY.map(({ declaration }) => declaration.kind)

describe('every declared message', () => {
  it('is declared in a messages.ts, under a name', () => {
    for (const file of sources.filter(({ path }) => path !== 'protocols/wire/message.ts')) {
      const expected = file.path.endsWith('/messages.ts') ? declaredNames(file).length : 0
      assert.equal(countDeclarations(file), expected, file.path)
    }
    assert.ok(declared.length >= 15)
  })

  for (const { kind, protocol } of declared) {
    it(`has one row in the registry: ${kind}`, () => assert.equal(rows.filter((row) => row === kind).length, 1))

    it(`has vectors, one accepted and two rejected at least: ${kind}`, () => {
      const path = vectorPath(protocol, kind)
      assert.ok(existsSync(new URL(path, VECTORS)), path)
      const { kind: of, accepted, rejected } = readVectors(path)
      assert.equal(of, kind)
      assert.ok(accepted.length >= 1 && accepted.every(({ verdict }) => verdict === 'accept'), path)
      assert.ok(rejected.length >= 2 && rejected.every(({ verdict }) => verdict === 'reject'), path)
    })

    it(`is in its SPEC: ${kind}`, () => assert.ok(specOf(protocol).includes(`\`${kind}\``)))
  }

  it('is every row of the registry', () => {
    assert.deepEqual([...rows].sort(), declared.map(({ kind }) => kind).sort())
  })
})

describe('SPEC', () => {
  const stated = protocols.flatMap((protocol) => statedRules(specOf(protocol)))
  const cited = sources.flatMap(({ text }) => citedRules(text))
  const text = ({ number, mark }: { number: string; mark: string }) => `${number} ${mark}`

  it('states no rule twice, and each once more in the code, with the same mark', () => {
    assert.equal(new Set(stated.map(({ number }) => number)).size, stated.length)
    assert.deepEqual([...new Set(cited.map(text))].sort(), stated.map(text).sort())
    assert.ok(stated.length >= 30)
  })

  for (const protocol of protocols) {
    it(`gives every reason that the code of ${protocol} gives`, () => {
      const spec = specOf(protocol)
      const files = sources.filter(({ path }) => protocolOf(path) === protocol)
      const missing = files
        .flatMap(({ text: code }) => givenReasons(code))
        .filter((reason) => !spec.includes(`\`${reason}\``))
      assert.deepEqual(missing, [])
    })

    it(`ends with a table of changes: ${protocol}`, () =>
      assert.match(specOf(protocol), /^## Changes\n+\| version \|/m))
  }

  it('has a vector named after each rule of messages and objects', () => {
    const names = vectorPaths().flatMap((path) => {
      const { rejected = [], judged = [] } = readVectors<{
        rejected?: { name: string }[]
        judged?: { name: string }[]
      }>(path)
      return [...rejected, ...judged].map(({ name }) => name)
    })
    // 2.4 can't be broken while the limits of the fields are as they are; its unit test goes around them.
    const rules = stated.filter(({ number }) => number >= '2' && number !== '2.4')
    const without = rules.filter(({ number }) => !names.some((name) => name.startsWith(`${number} `)))
    assert.deepEqual(without.map(text), [])
  })
})

describe('the check of specifications', () => {
  it('reads rules from comments and from lists', () => {
    const code = '// [REJECT] SPEC 3.6: parent. [IGNORE] SPEC 3.7: late.\n// SPEC 3.8 is no rule'
    assert.deepEqual(citedRules(code), [
      { number: '3.6', mark: 'REJECT' },
      { number: '3.7', mark: 'IGNORE' },
    ])
    assert.deepEqual(
      statedRules('- [REJECT] **3.6** parent\n- [IGNORE] **3.7** late\n  [REJECT] **3.8** no'),
      citedRules(code),
    )
  })

  it('reads reasons however they are given', () => {
    const code = `return reject('one')\n demand(\n  a === b,\n 'two',\n)\n x ? reject('three') : ignore('four')\n throw new MalformedError('five', '')\n // reject('six')`
    assert.deepEqual([...givenReasons(code)].sort(), ['five', 'four', 'one', 'three', 'two'])
  })

  it('sees a declaration that is not a named export of messages.ts', () => {
    const file = { path: 'protocols/x/rules.ts', text: 'list.push(declareObject({ kind }))' }
    assert.equal(countDeclarations(file), 1)
    assert.deepEqual(declaredNames(file), [])
  })
})
