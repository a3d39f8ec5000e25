import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { ENGINE_CHOICES } from 'coldmesh'
import { COMMANDS } from '../../../node/commands.ts'
import { renderCliDocs } from '../../../node/docs.ts'
import { OPTIONS } from '../../../node/options.ts'
import { PACKAGE_ROOT } from '../../../node/package-root.ts'

describe('docs/cli.md', () => {
  it('is what the tables say; write it again with: node node/docs.ts', () => {
    assert.equal(readFileSync(join(PACKAGE_ROOT, 'docs', 'cli.md'), 'utf8'), renderCliDocs())
  })

  it('offers every engine of the library', () => assert.deepEqual(OPTIONS.engine.choices, ENGINE_CHOICES))

  it('has no option that no command takes', () => {
    const used = new Set(COMMANDS.flatMap(({ spec }) => [...spec.options]))
    assert.deepEqual(
      Object.keys(OPTIONS).filter((name) => ![...used].some((taken) => taken === name)),
      [],
    )
  })
})
