import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { adamWScratch, createAdamW } from '../../../../../src/adapters/onnx/adamw.ts'
import { classifierParameters, defineFinetuning } from '../../../../../src/adapters/onnx/classifier.ts'
import { createExtractor } from '../../../../../src/adapters/onnx/extractor.ts'
import { fillEncoderInputs, fillLossInputs } from '../../../../../src/adapters/onnx/host-inputs.ts'
import { createMaskedLanguageTrainer } from '../../../../../src/adapters/onnx/masked-language.ts'
import { createParameterMemory, loadWeights } from '../../../../../src/adapters/onnx/parameters.ts'
import { openProgram } from '../../../../../src/adapters/onnx/program.ts'
import { loadRuntime } from '../../../../../src/adapters/onnx/runtime.ts'
import { wordTable } from '../../../../../src/training/classifier.ts'
import { createLinearHead } from '../../../../../src/training/linear-head.ts'
import {
  decodeTensor,
  decodeWeights,
  largestDifference,
  norm,
  openFixture,
  readModelFixture,
  relativeError,
} from '../../../../support/training/fixtures.ts'

// The references are computed in float64, the engine's float32 has about 7 digits: these bounds leave room for the rounding of
// sums, and for other processors', not for a wrong term.
const LOGIT_TOLERANCE = 1e-5
const GRADIENT_TOLERANCE = 1e-4
const LOSS_TOLERANCE = 2e-5
const WEIGHT_TOLERANCE = 1e-4
/** A key's bias moves all scores of a query alike: its true gradient is zero, and Adam makes steps of rounding errors. */
const KEY_BIAS = /attention\.self\.key\.bias$/

for (const name of ['pooler', 'no-pooler'] as const) {
  describe(`a classifier, against PyTorch, with ${name}`, async () => {
    const fixture = readModelFixture(name)
    const { weights, body, head, shape, rows } = openFixture(fixture)
    const runtime = await loadRuntime()

    it('has the logits of transformers, padding and token types included', async () => {
      const extractor = createExtractor({ shape, body }, { runtime, threads: 1 })
      // A bucket longer than the batch: padding changes nothing.
      for (const length of [8, 12]) {
        const logits = createLinearHead(head).logits(await extractor.features(rows, length))
        assert.ok(largestDifference(logits, decodeTensor(fixture.logits)) < LOGIT_TOLERANCE)
      }
      await extractor.release()
    })

    it('has its gradients, and its losses and weights after steps of AdamW with clipping, decay and a faster head', async () => {
      const { plan } = fixture
      const batch = rows.length + 1 // one row of padding that must not count
      const length = 8
      const parameters = classifierParameters(shape, body)
      const options = { ...plan, accumulation: 1, table: { name: wordTable(shape), maxIds: batch * length } }
      const memory = createParameterMemory(parameters, adamWScratch(options, parameters))
      loadWeights(memory, weights)
      const program = await openProgram(defineFinetuning(shape, parameters, { batch, length }), {
        runtime,
        memory,
        threads: 1,
      })
      const adamW = createAdamW(memory, options)
      for (const [step, expected] of fixture.losses.entries()) {
        const ids = fillEncoderInputs(program, shape.config, { batch, length }, rows)
        fillLossInputs(program, rows, shape.classes)
        adamW.prepare(ids)
        await program.run()
        assert.ok(Math.abs((program.outputs['loss']?.[0] ?? Number.NaN) - expected) < LOSS_TOLERANCE)
        if (step === 0) checkGradients(ids)
        adamW.add(ids)
        adamW.step({ body: plan.rate, head: plan.rate * plan.headRate })
      }
      adamW.settle()
      for (const { name, data } of decodeWeights(fixture.after)) {
        if (!KEY_BIAS.test(name)) assert.ok(relativeError(memory.view(name), data) < WEIGHT_TOLERANCE, name)
      }
      await program.release()

      function checkGradients(ids: Int32Array): void {
        const expected = decodeWeights(fixture.gradients)
        assert.equal(expected.length, memory.parameters.length)
        const whole = norm(Float32Array.from(expected.flatMap(({ data }) => [...data])))
        for (const { name, data } of expected) {
          const parameter = memory.parameters.find((candidate) => candidate.name === name)
          assert.ok(parameter !== undefined)
          const isTable = parameter.gradient === 'rows'
          const actual = isTable ? sumRows(ids) : memory.floats(parameter.gradients, parameter.count)
          const scale = Math.max(norm(data), whole * 1e-4)
          const difference = norm(actual.map((value, index) => value - (data[index] ?? Number.NaN)))
          assert.ok(difference / scale < GRADIENT_TOLERANCE, `${name}: ${difference / scale}`)
        }
      }

      function sumRows(ids: Int32Array): Float32Array {
        const { vocabSize, hiddenSize } = shape.config
        const dense = new Float32Array(vocabSize * hiddenSize)
        const source = memory.floats(memory.scratch['rowGradients'] ?? 0, ids.length * hiddenSize)
        for (const [index, id] of ids.entries()) {
          if (id < 0) continue
          for (let column = 0; column < hiddenSize; column++) {
            const place = id * hiddenSize + column
            dense[place] = (dense[place] ?? 0) + (source[index * hiddenSize + column] ?? 0)
          }
        }
        return dense
      }
    })
  })
}

describe('createMaskedLanguageTrainer', () => {
  it('has the losses and weights of BertForMaskedLM after steps of AdamW', async () => {
    const fixture = readModelFixture('masked-language')
    const weights = decodeWeights(fixture.weights)
    const trainer = await createMaskedLanguageTrainer({
      model: { config: fixture.config, body: weights.filter(({ name }) => name.startsWith('bert.')) },
      predictions: weights.filter(({ name }) => name.startsWith('cls.')),
      batch: 4,
      length: 8,
      plan: {
        learningRate: fixture.plan.rate,
        weightDecay: fixture.plan.weightDecay,
        clipNorm: fixture.plan.clipNorm,
        warmup: 0,
        steps: 1_000_000_000,
        accumulation: 1,
        dropout: null,
        seed: 1,
      },
    })
    for (const expected of fixture.losses) {
      const { loss } = await trainer.step({
        ids: Int32Array.from(fixture.ids.flat()),
        targets: Int32Array.from(fixture.targets.flat()),
        types: Uint8Array.from(fixture.types.flat()),
        lengths: Int32Array.from(fixture.lengths),
      })
      assert.ok(Math.abs(loss - expected) < LOSS_TOLERANCE, `${loss} ${expected}`)
    }
    const after = new Map([...trainer.body(), ...trainer.predictions()].map(({ name, data }) => [name, data]))
    for (const { name, data } of decodeWeights(fixture.after)) {
      if (KEY_BIAS.test(name)) continue
      assert.ok(relativeError(after.get(name) ?? new Float32Array(), data) < WEIGHT_TOLERANCE, name)
    }
    await trainer.release()
  })
})
