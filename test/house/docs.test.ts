import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { describe, it } from 'node:test'
import { importsOf, packageOf } from './imports.ts'
import { ROOT, readSources, type SourceFile } from './source-files.ts'

type Packages = Record<string, string>
const manifest: Record<'dependencies' | 'optionalDependencies' | 'peerDependencies' | 'devDependencies', Packages> =
  JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8'))
const runtime = Object.keys({
  ...manifest.dependencies,
  ...manifest.optionalDependencies,
  ...manifest.peerDependencies,
})
const table = readFileSync(`${ROOT}docs/dependencies.md`, 'utf8')

/** Rows of docs/dependencies.md: a package and the folders that own it. */
const rows = new Map(
  [...table.matchAll(/^\| `([^`]+)` \|([^|\n]*)\|/gm)].map(([, name = '', owner = '']) => [
    name,
    [...owner.matchAll(/`([^`]+)`/g)].map(([, folder = '']) => folder),
  ]),
)

/** Links of a Markdown file to files of the project that are not there, and to headings that are not in them. */
function brokenLinks({ path, text }: SourceFile, read: (path: string) => string | null): readonly string[] {
  const prose = text.replace(/^(```|~~~)[\s\S]*?^\1/gm, '').replace(/`[^`\n]*`/g, '')
  const links = [...prose.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)|^\[[^\]]+\]:\s*(\S+)/gm)]
  return links
    .map(([, inline, reference]) => inline ?? reference ?? '')
    .filter((link) => !/^[a-z][a-z0-9+.-]*:/.test(link))
    .filter((link) => isBroken(link, path, read))
    .map((link) => `${path}: ${link}`)
}

function isBroken(link: string, from: string, read: (path: string) => string | null): boolean {
  const [file = '', heading] = link.split('#')
  const target = file === '' ? from : posix.join(posix.dirname(from), decodeURIComponent(file))
  const text = read(target)
  if (text === null) return true
  return heading !== undefined && target.endsWith('.md') && !headingsOf(text).includes(heading)
}

function headingsOf(text: string): readonly string[] {
  return [...text.matchAll(/^#{1,6} (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replace(/\s/g, '-'),
  )
}

function readOrNull(path: string): string | null {
  if (!existsSync(`${ROOT}${path}`)) return null
  return /\.md$/.test(path) ? readFileSync(`${ROOT}${path}`, 'utf8') : ''
}

describe('docs/dependencies.md', () => {
  it('has a line for every dependency, and none for others', () => {
    const all = new Set([...runtime, ...Object.keys(manifest.devDependencies)])
    assert.deepEqual([...rows.keys()].sort(), [...all].sort())
  })

  it('says where each is used at run time', () => {
    assert.deepEqual(
      runtime.filter((name) => rows.get(name)?.length === 0),
      [],
    )
  })

  it('is right: packages are imported only in the folders that own them', () => {
    // CIDs are everywhere; types are gone when the program runs; .mjs files are scripts that build others.
    const sources = readSources(['protocols', 'src', 'node'], /\.(ts|js)$/)
    const bare = sources
      .flatMap(importsOf)
      .filter(({ path, specifier, isTypeOnly }) => path === null && !isTypeOnly && !/^(node:|coldmesh)/.test(specifier))
    const astray = bare.filter(({ specifier, from }) => {
      const name = packageOf(specifier)
      return name !== 'multiformats' && !rows.get(name)?.some((folder) => from.startsWith(`${folder}/`))
    })
    assert.deepEqual(
      astray.map(({ specifier, from }) => `${from}: ${specifier}`),
      [],
    )
    assert.ok(bare.length > 50)
  })

  it('pins each exactly', () => {
    const versions = Object.entries({
      ...manifest.dependencies,
      ...manifest.optionalDependencies,
      ...manifest.peerDependencies,
      ...manifest.devDependencies,
    })
    assert.deepEqual(
      versions.filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)),
      [],
    )
  })
})

describe('Markdown', () => {
  it('links only to what is there', () => {
    const pages = readSources([''], /\.md$/)
    assert.ok(pages.length > 10)
    assert.deepEqual(
      pages.flatMap((page) => brokenLinks(page, readOrNull)),
      [],
    )
  })
})

describe('the check of links', () => {
  const read = (path: string) =>
    path === 'docs/b.md' ? '# Title here\n## A `code` name' : path === 'LICENSE' ? '' : null
  const broken = (text: string) => brokenLinks({ path: 'docs/a.md', text }, read).length

  it('finds files and headings that are not there', () => {
    for (const text of [
      '[x](c.md)',
      '[x](../b.md)',
      '[x](b.md#title)',
      '![x](x.png)',
      '[x]: c.md',
      '[x](/docs/b.md)',
      '[x](#here)',
    ]) {
      assert.equal(broken(text), 1, text)
    }
  })

  it('lets good links through', () => {
    const right = [
      '[x](b.md)',
      '[x](b.md#title-here)',
      '[x](b.md#a-code-name)',
      '[x](../LICENSE "why")',
      '[x](https://x.example)',
      '`[x](c.md)`',
    ]
    for (const text of [...right, '```\n[x](c.md)\n```']) assert.equal(broken(text), 0, text)
  })
})
