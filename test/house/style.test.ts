import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { pathsBelow, readSources, type SourceFile, withoutStrings } from './source-files.ts'

const MAX_LINES = 300
/** A test states many facts about one thing. */
const MAX_TEST_LINES = 400
const CODE = ['protocols', 'src', 'node', 'examples', 'test']

/** What no file of a public project holds: written in two parts, so that this one does not either. */
const FOREIGN = [`/wo${'rk/'}`, `/ro${'ot/'}`, `/tmp/${'bash'}`, `registry.npm${'js'}`, `regis${'try.yarnpkg'}`]

const NOTE = new RegExp(`\\b(?:${['TO', 'FIX'].map((word, i) => word + ['DO', 'ME'][i]).join('|')})\\b`)
const SILENCED = new RegExp(`@ts-${'(?:ignore|nocheck|expect-error)'}`)

function faultsOf({ path, text }: SourceFile): readonly string[] {
  const code = withoutStrings(text)
  const maxLines = path.startsWith('test/') ? MAX_TEST_LINES : MAX_LINES
  const faults = [
    text.split('\n').length - 1 > maxLines && `more than ${maxLines} lines`,
    /\benum\s+\w+\s*\{/.test(code) && 'an enum',
    /\b(?:namespace|module)\s+\w+\s*\{/.test(code) && 'a namespace',
    /\bexport\s+default\b|\bas\s+default\b/.test(code) && 'a default export',
    /\b(?:private|public|protected|readonly)\s+\w+\s*[:,)][^\n]*\)\s*\{\s*\}?/.test(constructorsOf(code)) &&
      'a parameter property',
    /(?<![\w!])\bany\b(?=\s*[;,)\]>=|])/.test(typesOf(code)) && 'any',
    NOTE.test(text) && 'a note to oneself',
    SILENCED.test(text) && 'a silenced type check',
  ]
  return faults.filter((fault) => fault !== false).map((fault) => `${path}: ${fault}`)
}

const constructorsOf = (code: string) =>
  [...code.matchAll(/\bconstructor\([^)]*\)\s*\{/g)].map(([found]) => found).join('\n')
const typesOf = (code: string) => [...code.matchAll(/(?::|\bas\b|<)\s*[^\n]*/g)].map(([found]) => found).join('\n')

const NAME = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+)*$|^[a-z0-9]+(_[a-z0-9]+)*\.py$/

/** Names of files and folders: kebab-case (snake_case in Python), with what the world writes otherwise let through. */
function hasGoodName(path: string): boolean {
  const known = /^(README|SPEC|CHANGELOG|CONTRIBUTING|SECURITY|CODE_OF_CONDUCT)\.md$|^LICENSES?$|^\./
  // Files of a model directory keep the names that other tools look for.
  const ofModels = /^(tokenizer|special|generation|model|added|vocab)[a-z_]*\.[a-z]+$/
  return path.split('/').every((name) => NAME.test(name) || known.test(name) || ofModels.test(name))
}

const sources = readSources(CODE, /\.(ts|js|mjs)$/)
const ours = pathsBelow('').filter((path) => !path.startsWith('.'))

describe('style', () => {
  it('has much to look at', () => assert.ok(sources.length > 150))

  it('keeps files short and free of what we do without', () => assert.deepEqual(sources.flatMap(faultsOf), []))

  it('names files and folders in kebab-case', () =>
    assert.deepEqual(
      ours.filter((path) => !hasGoodName(path)),
      [],
    ))

  it('names no place of the machine it was written on', () => {
    const texts = readSources([''], /\.(ts|js|mjs|py|md|json|txt|wat|c|yml|yaml|html|css)$|^\.[a-z]+/)
    const found = texts.flatMap(({ path, text }) =>
      FOREIGN.filter((word) => text.includes(word)).map((word) => `${path}: ${word}`),
    )
    assert.deepEqual(found, [])
  })
})

describe('the check of style', () => {
  const faults = (text: string) => faultsOf({ path: 'src/a.ts', text })

  it('sees each fault', () => {
    const wrong = [
      '\n'.repeat(301),
      'enum Kind { A }',
      'export const enum Kind { A }',
      'namespace Peer { }',
      'export default function f() {}',
      'export { f as default }',
      'class A { constructor(private readonly b: string) {} }',
      'const a: any = 1',
      'const a = b as any;',
      'function f(a: any, b: string) {}',
      `// TO${'DO'}: later`,
      `// FIX${'ME'}`,
      `// @ts-${'ignore'}`,
    ]
    for (const text of wrong) assert.equal(faults(text).length, 1, JSON.stringify(text.slice(0, 60)))
  })

  it('lets good code through', () => {
    const right = [
      '\n'.repeat(300),
      'const KINDS = ["a", "b"] as const',
      'const text = "enum Kind { A } export default any"',
      '// an enum { would be wrong }, any default export too',
      'class A { readonly b: string\n constructor(b: string) { this.b = b } }',
      'if (keys.any) return',
      'export { f as isAnything }',
    ]
    for (const text of right) assert.deepEqual(faults(text), [], JSON.stringify(text.slice(0, 60)))
  })

  it('knows good names', () => {
    for (const path of [
      'src/peer/create-peer.ts',
      'a/b.test.ts',
      'docs/decisions/0001-a-b.md',
      'README.md',
      'x/list.v1.json',
    ]) {
      assert.ok(hasGoodName(path), path)
    }
    for (const path of ['src/createPeer.ts', 'src/Peer.ts', 'src/my_file.ts', 'src/a b.ts', 'Docs/a.md']) {
      assert.ok(!hasGoodName(path), path)
    }
  })
})
