import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { ROOT } from './source-files.ts'

interface Row {
  readonly item: number
  readonly tests: readonly string[]
  readonly result: string
}

const page = readFileSync(`${ROOT}docs/reliability.md`, 'utf8')
/** Faults that must not become untested again. */
const COVERED: readonly (readonly [number, number])[] = [
  [1, 63],
  [66, 74],
  [76, 92],
  [104, 108],
]

function rowsOf(text: string): Row[] {
  return [...text.matchAll(/^\| (\d+) \|[^|]*\|[^|]*\|([^|]*)\|([^|]*)\|$/gm)].map(
    ([, item = '', tests = '', result = '']) => ({
      item: Number(item),
      tests: [...tests.matchAll(/`([^`]+)`/g)].map(([, path = '']) => path),
      result: result.trim(),
    }),
  )
}

/** Numbers that a test file names: `fault 43`, `faults 33-39 and 47`. */
function faultsNamed(text: string): ReadonlySet<number> {
  const named = new Set<number>()
  for (const [, list = ''] of text.matchAll(/\bfaults? ((?:\d+(?:-\d+)?(?:, and |, | and )?)+)/gi)) {
    for (const [, from = '', to = from] of list.matchAll(/(\d+)(?:-(\d+))?/g)) {
      for (let item = Number(from); item <= Number(to); item++) named.add(item)
    }
  }
  return named
}

describe('docs/reliability.md', () => {
  const rows = rowsOf(page)

  it('names tests that exist', () => {
    const missing = [...page.matchAll(/`(test\/[^`]+)`/g)].filter(([, path]) => !existsSync(`${ROOT}${path}`))
    assert.deepEqual(
      missing.map(([, path]) => path),
      [],
    )
  })

  for (const [from, to] of COVERED) {
    for (let item = from; item <= to; item++) {
      it(`has a row for fault ${item}, with a result, and a test that names it`, () => {
        const own = rows.filter((row) => row.item === item)
        assert.equal(own.length, 1)
        assert.notEqual(own[0]?.result, '')
        const tests = own.flatMap(({ tests }) => tests).filter((path) => path.endsWith('.ts'))
        const named = tests.filter((path) => faultsNamed(readFileSync(`${ROOT}${path}`, 'utf8')).has(item))
        assert.notDeepEqual(named, [], `none of ${tests.join(', ')} names fault ${item}`)
      })
    }
  }

  it('reads numbers in titles and comments', () => {
    assert.deepEqual([...faultsNamed('// Faults 2-4 and 8, fault 66: x')], [2, 3, 4, 8, 66])
    assert.deepEqual([...faultsNamed('default 5')], [])
  })
})
