import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { createSpillingStore } from '../../../../src/adapters/files/packed-file.ts'
import { isColdmeshError } from '../../../../src/ports/errors.ts'
import type { LabelledRow } from '../../../../src/training/learner.ts'
import { createRowPacker, eachRow, lengthsOf, rowsOf } from '../../../../src/training/rows.ts'

const folder = await mkdtemp(join(tmpdir(), 'coldmesh-rows-'))
after(() => rm(folder, { recursive: true }))

const plain = ({ place: _, ...row }: LabelledRow) => ({
  ...row,
  ids: [...Array.from(row.ids)],
  types: row.types && Array.from(row.types),
})

/** Rows of all lengths, with types and without, ids as large as vocabularies get. */
const ROWS: readonly LabelledRow[] = Array.from({ length: 500 }, (_, index) => {
  const ids = Int32Array.from({ length: index % 41 }, (_, at) => (index * 7_919 + at * 104_729) % 250_002)
  const types = index % 3 === 0 ? { types: Uint8Array.from(ids, (_, at) => at % 2) } : {}
  return { ids, ...types, label: index % 5 === 0 ? [1, 2] : index % 4 }
})

describe('packed rows', () => {
  for (const [where, memoryNumbers] of [
    ['in memory', 1e9],
    ['in a file', 0],
    ['in a file from the middle on', 4_000],
  ] as const) {
    it(`are what they were: ${where}`, () => {
      const store = createSpillingStore({ what: 'tokens', folder, memoryNumbers })
      const packer = createRowPacker(store)
      for (const row of ROWS) packer.add(row)
      const rows = packer.rows()
      assert.deepEqual(lengthsOf(rows), lengthsOf(rowsOf(ROWS)))
      assert.deepEqual([...eachRow(rows)].map(plain), ROWS.map(plain))
      assert.deepEqual(plain(rows.row(77)), plain(ROWS[77] ?? { ids: [], label: 0 }))
      const some = packer.rows(Uint32Array.of(3, 77, 499))
      assert.deepEqual(
        [...eachRow(some)].map(plain),
        [3, 77, 499].flatMap((place) => ROWS.slice(place, place + 1)).map(plain),
      )
      assert.deepEqual([some.row(1).place, some.tokens(2)], [77, ROWS[499]?.ids.length])
      const others = rows.withTargets(rows.targets.map(() => ({ label: 9 })))
      assert.deepEqual(plain(others.row(3)), { ...plain(ROWS[3] ?? { ids: [], label: 0 }), label: 9 })
      store.close()
      store.close()
    })
  }

  it('leave no file behind', async () => {
    assert.deepEqual(await readdir(folder), [])
  })

  it('say that there is no room for them, and where', () => {
    const nowhere = createSpillingStore({ what: 'tokens', folder: join(folder, 'none'), memoryNumbers: 0 })
    nowhere.append(Uint32Array.of(1))
    assert.throws(
      () => nowhere.read(0, 1),
      (error) => isColdmeshError(error, 'refused') && /can't be kept in .*none/.test(error.message),
    )
  })
})
