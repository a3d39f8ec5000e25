import { ColdmeshError } from '../../ports/errors.ts'
import type { Model, TrainingPlan, Weights } from '../../ports/trainer.ts'
import { rateFactor } from '../../training/schedule.ts'
import { type AdamWOptions, adamWScratch, createAdamW } from './adamw.ts'
import { type Bucket, encoder } from './bert.ts'
import { type BertConfig, checkBertBody, isWeight, readBertConfig, withDropout } from './bert-config.ts'
import { I32 } from './graph.ts'
import { fillEncoderInputs, MASK_STATE_FLOATS, seedMasks } from './host-inputs.ts'
import { initialWeights } from './initial-weights.ts'
import { crossEntropy, pickRows } from './lookups.ts'
import { layerNorm, linear, linearGelu } from './operations.ts'
import { createParameterMemory, type GradientKind, loadWeights, type ParameterSpec, readWeights } from './parameters.ts'
import { defineTraining, maskFloats, type OpenProgram, openProgram, type Program } from './program.ts'
import { loadRuntime } from './runtime.ts'

/** Share of the tokens of a batch that can be targets in one step. */
const MAX_TARGET_SHARE = 0.25
const WORDS = 'embeddings.word_embeddings.weight'
const DENSE = 'cls.predictions.transform.dense'
const NORM = 'cls.predictions.transform.LayerNorm'
const BIAS = 'cls.predictions.bias'

export interface MaskedLanguageBatch {
  /** [batch * length], row by row: the tokens with some replaced. */
  readonly ids: Int32Array
  /** [batch * length]: the token that was there, at the places to predict; -1 elsewhere. */
  readonly targets: Int32Array
  /** [batch * length]: token types; absent: all 0. */
  readonly types?: Uint8Array
  /** [batch]: tokens of each row before its padding; absent: no padding. */
  readonly lengths?: Int32Array
}

export interface MaskedLanguageTrainer {
  /** Most targets that one batch can have: a quarter of its tokens. */
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
 * @param options.model config and body; a new body comes from `createBertBody`
 * @param options.predictions prediction layers to go on with; absent: new ones from the plan's seed
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
  const { model, batch, length, plan, threads = 1 } = options
  const config = withDropout(readBertConfig(model.config), plan.dropout)
  const { prefix } = checkBertBody(config, model.body)
  const layout = predictionLayout(config)
  const specs = parameterSpecs(model.body, prefix, layout)
  const places = batch * length
  const targetRows = Math.ceil(places * MAX_TARGET_SHARE)
  const program = defineProgram(config, specs, { batch, length }, targetRows)
  const adamWOptions: AdamWOptions = {
    weightDecay: plan.weightDecay,
    clipNorm: plan.clipNorm,
    accumulation: plan.accumulation,
    table: { name: prefix + WORDS, maxIds: places },
  }
  const memory = createParameterMemory(specs, {
    ...adamWScratch(adamWOptions, specs),
    masks: maskFloats(program),
    maskState: MASK_STATE_FLOATS,
  })
  loadWeights(memory, model.body)
  loadWeights(memory, options.predictions ?? initialWeights(layout, plan.seed))
  seedMasks(memory, plan.seed)
  const session = await openProgram(program, { runtime: await loadRuntime(), memory, threads })
  const adamW = createAdamW(memory, adamWOptions)
  const fillTargets = createTargetFiller(session, config, { batch, length }, targetRows)
  let batches = 0
  let steps = 0

  return {
    maxTargets: targetRows,
    async step({ ids, targets, types, lengths }) {
      checkBatch(config, places, ids, targets)
      const rows = Array.from({ length: batch }, (_, row) => {
        const [start, end] = [row * length, row * length + (lengths?.[row] ?? length)]
        return { ids: ids.subarray(start, end), ...(types && { types: types.subarray(start, end) }) }
      })
      const tableIds = fillEncoderInputs(session, config, { batch, length }, rows)
      fillTargets(targets)
      await session.run()
      adamW.add(tableIds)
      batches++
      const rate = plan.learningRate * rateFactor(plan, steps)
      if (batches % plan.accumulation === 0) {
        adamW.step({ body: rate, head: rate })
        steps++
      }
      return { loss: session.outputs['loss']?.[0] ?? Number.NaN, step: steps, rate }
    },
    body: () => readWeights(memory, model.body),
    predictions: () => readWeights(memory, layout),
    release: () => session.release(),
  }
}

/** Names and shapes of `BertForMaskedLM`'s own layers. */
function predictionLayout({ hiddenSize, vocabSize }: BertConfig): Omit<Weights, 'data'>[] {
  return [
    { name: BIAS, shape: [vocabSize] },
    { name: `${DENSE}.weight`, shape: [hiddenSize, hiddenSize] },
    { name: `${DENSE}.bias`, shape: [hiddenSize] },
    { name: `${NORM}.weight`, shape: [hiddenSize] },
    { name: `${NORM}.bias`, shape: [hiddenSize] },
  ]
}

function parameterSpecs(
  body: readonly Weights[],
  prefix: string,
  predictions: readonly Omit<Weights, 'data'>[],
): ParameterSpec[] {
  const gradientOf = (name: string): GradientKind => {
    if (name === prefix + WORDS) return 'both' // looked up and, tied, the decoder's matrix
    return name.startsWith(`${prefix}pooler.`) || !isWeight(name) ? 'none' : 'dense'
  }
  return [
    ...body.map(({ name, shape }) => ({ name, shape, gradient: gradientOf(name), group: 'body' as const })),
    ...predictions.map(({ name, shape }) => ({ name, shape, gradient: 'dense' as const, group: 'head' as const })),
  ]
}

function defineProgram(
  config: BertConfig,
  specs: readonly ParameterSpec[],
  bucket: Bucket,
  targetRows: number,
): Program {
  return defineTraining(specs, (graph, weight, masks) => {
    const x = encoder(graph, { ...bucket, config, weight, masks, firstTokenOnly: false })
    const picked = pickRows(graph, x, graph.input('positions', [targetRows], { type: I32 }))
    const dense = linearGelu(graph, picked, { weight: weight(`${DENSE}.weight`), bias: weight(`${DENSE}.bias`) })
    const normalized = layerNorm(
      graph,
      dense,
      weight(`${NORM}.weight`),
      weight(`${NORM}.bias`),
      config.layerNormEpsilon,
    )
    const logits = linear(graph, normalized, weight(WORDS), weight(BIAS))
    const target = graph.input('target', [targetRows, config.vocabSize])
    return crossEntropy(graph, logits, target, graph.input('targetWeight', [targetRows, 1]))
  })
}

function createTargetFiller(session: OpenProgram, config: BertConfig, bucket: Bucket, targetRows: number) {
  const positions = session.integers['positions'] ?? new Int32Array()
  const target = session.floats['target'] ?? new Float32Array()
  const weights = session.floats['targetWeight'] ?? new Float32Array()
  const filled: number[] = []
  return (targets: Int32Array) => {
    // One-hot rows are cleared one by one: the whole is as large as the vocabulary.
    for (const index of filled) target[index] = 0
    filled.length = 0
    const count = targets.reduce((sum, id) => sum + Number(id >= 0), 0)
    if (count > targetRows) throw tooManyTargets(count, targetRows)
    positions.fill(0)
    weights.fill(0)
    for (const [index, id] of targets.entries()) {
      if (id < 0) continue
      const slot = filled.length
      positions[slot] = (index % bucket.length) * bucket.batch + Math.floor(index / bucket.length)
      weights[slot] = 1 / count
      target[slot * config.vocabSize + id] = 1 / count
      filled.push(slot * config.vocabSize + id)
    }
  }
}

function checkBatch({ vocabSize }: BertConfig, places: number, ids: Int32Array, targets: Int32Array): void {
  if (ids.length !== places || targets.length !== places) {
    throw new ColdmeshError(
      'bad-input',
      `A batch needs ${places} ids and targets, not ${ids.length} and ${targets.length}`,
    )
  }
  if (ids.some((id) => id < 0 || id >= vocabSize) || targets.some((id) => id >= vocabSize)) {
    throw new ColdmeshError('bad-input', `A batch has a token id outside the vocabulary of ${vocabSize}`)
  }
}

function tooManyTargets(count: number, limit: number): ColdmeshError {
  return new ColdmeshError('bad-input', `A batch has ${count} targets, at most ${limit} fit`, {
    facts: { count, limit },
    hint: `Mask at most ${MAX_TARGET_SHARE * 100} % of the tokens.`,
  })
}
