import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { readLabelMap } from '../../../../node/commands/dataset.ts'
import { CliError } from '../../../../node/failure.ts'

const folder = mkdtempSync(join(tmpdir(), 'coldmesh-map-'))
after(() => rmSync(folder, { recursive: true }))

function file(content: unknown): string {
  const path = join(folder, 'map.json')
  writeFileSync(path, JSON.stringify(content))
  return path
}

describe('readLabelMap', () => {
  it('reads pairs, an object of names, and a list of names', () => {
    const expected = { 0: 'negative', 1: 'very positive' }
    assert.deepEqual(readLabelMap('0=negative, 1=very positive'), expected)
    assert.deepEqual(readLabelMap(file(expected)), expected)
    assert.deepEqual(readLabelMap(file(['negative', 'very positive'])), expected)
  })

  it('refuses what is neither', () => {
    const wrong = ['0=negative,positive', '=a', 'no-such-file.json', file({ 0: 1 }), file('text')]
    for (const text of wrong) assert.throws(() => readLabelMap(text), CliError, text)
  })
})
