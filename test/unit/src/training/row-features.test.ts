import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import { describe, it } from 'node:test'
import { createSpillingStore } from '../../../../src/adapters/files/packed-file.ts'
import { checkBody } from '../../../../src/training/encoders/encoder-body.ts'
import { readEncoderConfig } from '../../../../src/training/encoders/read-config.ts'
import type { Engine } from '../../../../src/training/engine.ts'
import type { TokenRow } from '../../../../src/training/learner.ts'
import { createRowFeatures } from '../../../../src/training/row-features.ts'
import { tinyModel } from '../../../support/training/tiny.ts'

const model = tinyModel()
const config = readEncoderConfig(model.config)
const shape = { config, body: checkBody(config, model.body), classes: 2 }

/** An engine whose features of a row are its first token, and that says what it was asked for. */
function watchedEngine() {
  const asked: { readonly places: readonly (number | undefined)[]; readonly length: number }[] = []
  const engine: Pick<Engine, 'createExtractor'> = {
    createExtractor: async () => ({
      features: async (rows, length) => {
        asked.push({ places: rows.map(({ place }) => place), length })
        return rows.map(({ ids }) => new Float32Array(config.hiddenSize).fill(ids[0] ?? 0))
      },
      release: async () => {},
    }),
  }
  return { asked, engine: engine as Engine }
}

const row = (place: number, tokens: number): TokenRow => ({ place, ids: new Int32Array(tokens).fill(place + 5) })

describe('the features of rows', () => {
  for (const [where, memoryNumbers] of [
    ['in memory', 1e9],
    ['in a file', 0],
  ] as const) {
    it(`are computed when asked for, once, with rows of like length, and kept ${where}`, async () => {
      const { engine, asked } = watchedEngine()
      const store = createSpillingStore({ what: 'features', folder: tmpdir(), memoryNumbers })
      const options = {
        shape,
        body: model.body,
        places: 100,
        maxTokens: 32,
        store,
        now: () => 0,
        checkAborted: () => {},
      }
      const features = await createRowFeatures(engine, options)
      const firstOf = async (rows: readonly TokenRow[]) => (await features.of(rows)).map(([value]) => value)
      assert.equal(asked.length, 0)
      assert.deepEqual(await firstOf([row(3, 4), row(0, 20), row(90, 9), row(3, 4)]), [8, 5, 95, 8])
      assert.deepEqual(asked, [
        { places: [3, 90], length: 16 },
        { places: [0], length: 32 },
      ])
      assert.deepEqual(await firstOf([row(90, 9), row(1, 3)]), [95, 6])
      assert.deepEqual(asked.slice(2), [{ places: [1], length: 16 }])
      const many = Array.from({ length: 80 }, (_, place) => row(place, 4))
      assert.deepEqual(
        await firstOf(many),
        many.map(({ ids }) => ids[0]),
      )
      assert.deepEqual(
        asked.slice(3).map(({ places }) => places.length),
        [32, 32, 13],
      )
      store.close()
    })
  }
})
