import { ColdmeshError } from '../../ports/errors.ts'
import type { Model, TrainingPlan, Weights } from '../../ports/trainer.ts'
import type { Bucket } from '../../training/encoder-inputs.ts'
import { checkBody, tensorName, WORD_TABLE } from '../../training/encoders/encoder-body.ts'
import { type EncoderConfig, withDropout } from '../../training/encoders/encoder-config.ts'
import { readEncoderConfig } from '../../training/encoders/read-config.ts'
import { initialWeights } from '../../training/initial-weights.ts'
import { rateFactor } from '../../training/schedule.ts'
import { type AdamWOptions, adamWScratch, createAdamW } from './adamw.ts'
import { fillEncoderInputs, MASK_STATE_FLOATS, seedMasks } from './host-inputs.ts'
import {
  createTargetFiller,
  defineMaskedLanguage,
  maskedLanguageParameters,
  maxTargets,
  predictionLayout,
} from './masked-language-graph.ts'
import { createParameterMemory, loadWeights, readWeights } from './parameters.ts'
import { maskFloats, openProgram } from './program.ts'
import { loadRuntime } from './runtime.ts'

export interface MaskedLanguageBatch {
  /** [rows * length], row by row: the tokens with some replaced. */
  readonly ids: Int32Array
  /** [rows * length]: the token that was there, at the places to predict; -1 elsewhere. */
  readonly targets: Int32Array
  /** [rows * length]: token types; absent: all 0. */
  readonly types?: Uint8Array
  /** [rows]: tokens of each row before its padding; absent: no padding. */
  readonly lengths?: Int32Array
  /** Tokens of a row with its padding; absent: the trainer's. A graph is compiled for each length that occurs. */
  readonly length?: number
}

export interface MaskedLanguageTrainer {
  /** Most targets that a whole batch can have: a quarter of its tokens, as of a smaller one. */
  readonly maxTargets: number
  /** One batch: forward, backward, and, after `accumulation` of them, a step of AdamW. Blocks the thread while it runs. */
  step(batch: MaskedLanguageBatch): Promise<{ readonly loss: number; readonly step: number; readonly rate: number }>
  /** Copies of the body's weights now, names and order as given. */
  body(): Weights[]
  /** Copies of the prediction layers (`cls.predictions.*`, decoder tied to the word embeddings): to go on later. */
  predictions(): Weights[]
  release(): Promise<void>
}

export type MaskedLanguagePlan = Pick<
  TrainingPlan,
  'learningRate' | 'weightDecay' | 'warmup' | 'steps' | 'accumulation' | 'clipNorm' | 'dropout' | 'seed'
>

/**
 * Pretraining by masked language modelling, with `BertForMaskedLM`'s prediction layers. Runs in the calling thread.
 *
 * @param options.model config and body; a new body comes from `createBody`
 * @param options.predictions prediction layers to go on with; absent: new ones from the plan's seed
 * @param options.batch rows of `options.length` tokens; a batch of shorter rows may have more of them, as many tokens in all
 * @throws ColdmeshError `bad-model`, `unsupported`
 */
export async function createMaskedLanguageTrainer(options: {
  readonly model: Pick<Model, 'config' | 'body'>
  readonly predictions?: readonly Weights[]
  readonly batch: number
  readonly length: number
  readonly plan: MaskedLanguagePlan
  readonly threads?: number
}): Promise<MaskedLanguageTrainer> {
  const { model, plan, threads = 1 } = options
  const largest: Bucket = { batch: options.batch, length: options.length }
  const config = withDropout(readEncoderConfig(model.config), plan.dropout)
  requireBert(config)
  const shape = { config, body: checkBody(config, model.body) }
  const layout = predictionLayout(config)
  const specs = maskedLanguageParameters(shape, model.body, layout)
  const define = (bucket: Bucket) => defineMaskedLanguage(shape, specs, bucket)
  const adamWOptions: AdamWOptions = {
    weightDecay: plan.weightDecay,
    clipNorm: plan.clipNorm,
    accumulation: plan.accumulation,
    table: { name: tensorName(shape, WORD_TABLE), maxIds: largest.batch * largest.length },
  }
  const memory = createParameterMemory(specs, {
    ...adamWScratch(adamWOptions, specs),
    masks: maskFloats(define(largest)),
    maskState: MASK_STATE_FLOATS,
  })
  loadWeights(memory, model.body)
  loadWeights(memory, options.predictions ?? initialWeights(layout, plan.seed))
  seedMasks(memory, plan.seed)
  const runtime = await loadRuntime()
  const adamW = createAdamW(memory, adamWOptions)
  const opened = new Map<string, Awaited<ReturnType<typeof open>>>()
  let batches = 0
  let steps = 0

  async function open(bucket: Bucket) {
    const session = await openProgram(define(bucket), { runtime, memory, threads })
    return { session, fillTargets: createTargetFiller(session, config, bucket) }
  }

  async function openBucket(bucket: Bucket) {
    const key = `${bucket.batch}x${bucket.length}`
    const known = opened.get(key) ?? (await open(bucket))
    opened.set(key, known)
    return known
  }

  return {
    maxTargets: maxTargets(largest),
    async step(batch) {
      const { ids, targets, types, lengths, length = largest.length } = batch
      const bucket = { batch: ids.length / length, length }
      checkBatch(config.vocabSize, largest, bucket, batch)
      const { session, fillTargets } = await openBucket(bucket)
      const rows = Array.from({ length: bucket.batch }, (_, row) => {
        const [start, end] = [row * length, row * length + (lengths?.[row] ?? length)]
        return { ids: ids.subarray(start, end), ...(types && { types: types.subarray(start, end) }) }
      })
      fillTargets(targets)
      const tableIds = fillEncoderInputs(session, config, bucket, rows)
      await session.run()
      adamW.add(tableIds)
      batches++
      const rate = plan.learningRate * rateFactor({ ...plan, schedule: 'linear' }, steps)
      if (batches % plan.accumulation === 0) {
        adamW.step({ body: rate, head: rate })
        steps++
      }
      return { loss: session.outputs['loss']?.[0] ?? Number.NaN, step: steps, rate }
    },
    body: () => readWeights(memory, model.body),
    predictions: () => readWeights(memory, layout),
    async release() {
      for (const { session } of opened.values()) await session.release()
      opened.clear()
    },
  }
}

/** The prediction layers of other families differ. */
function requireBert({ family }: EncoderConfig): void {
  if (family === 'bert') return
  throw new ColdmeshError('unsupported', `Models of the family ${family} are not pretrained here`, {
    facts: { family },
    hint: 'Pretrain a model of the family bert.',
  })
}

function checkBatch(vocabSize: number, largest: Bucket, { batch, length }: Bucket, given: MaskedLanguageBatch): void {
  const { ids, targets } = given
  const places = largest.batch * largest.length
  const fits = Number.isInteger(batch) && batch > 0 && length <= largest.length && batch * length <= places
  if (!fits || targets.length !== ids.length) {
    throw new ColdmeshError(
      'bad-input',
      `A batch of ${ids.length} ids and ${targets.length} targets in rows of ${length} doesn't fit ${largest.batch} rows of ${largest.length}`,
    )
  }
  if (ids.some((id) => id < 0 || id >= vocabSize) || targets.some((id) => id >= vocabSize)) {
    throw new ColdmeshError('bad-input', `A batch has a token id outside the vocabulary of ${vocabSize}`)
  }
}
