import { totalmem } from 'node:os'
import { setImmediate } from 'node:timers/promises'
import { readExamples } from '../adapters/datasets/index.ts'
import { type Dataset, type Examples, isStored } from '../ports/dataset.ts'
import { isColdmeshError } from '../ports/errors.ts'
import type { Model, TrainingPlan } from '../ports/trainer.ts'
import { type ChosenPlan, choosePlan } from '../training/choose-plan.ts'
import type { EncoderConfig } from '../training/encoders/encoder-config.ts'
import { readEncoderConfig } from '../training/encoders/read-config.ts'
import { estimateMemory } from '../training/memory.ts'
import type { RecipeName } from '../training/recipes.ts'
import { elementCount } from '../training/shape.ts'
import { createTextEncoder } from '../training/text-encoder.ts'

/** Rows whose lengths are looked at, evenly out of all; of a file, the first. */
const SAMPLED_ROWS = 1_000
/** So many are turned into tokens before others get their turn. */
const ROWS_A_TURN = 50
/** Of the machine's memory that a batch is chosen by. */
const MEMORY_SHARE = 0.5

/**
 * The plan by which this machine finetunes `model` on `dataset`: chosen by the data's size and lengths, the model's size, and the memory.
 * For a model that the engines here don't know, as the command trainer takes, lengths and memory aren't looked at.
 *
 * @throws ColdmeshError `bad-input` for a change that no plan takes, `bad-model` for a tokenizer that can't be used
 */
export async function planFor({
  model,
  dataset,
  recipe,
  changes = {},
  engine = 'onnx',
}: {
  readonly model: Model
  readonly dataset: Dataset<Examples>
  readonly recipe: RecipeName
  readonly changes?: Partial<TrainingPlan>
  /** The trainer's name, for what it takes of memory. */
  readonly engine?: string
}): Promise<ChosenPlan> {
  const config = configOf(model)
  const rows = dataset.examples.length
  const { body } = model
  const memory = MEMORY_SHARE * machineMemory()
  return choosePlan(
    {
      rows,
      weights: body.reduce((sum, { shape }) => sum + elementCount(shape), 0),
      tokens: await sampleLengths(model, dataset),
      longest: config?.maxPositions ?? 0,
      textToText: model.config['is_encoder_decoder'] === true,
      fits: (plan) => config === null || estimateMemory({ config, body, plan, rows, engine }) <= memory,
    },
    { recipe, changes },
  )
}

/** What this process may use at most: the machine's, or what its container grants. */
function machineMemory(): number {
  const granted = process.constrainedMemory()
  return granted > 0 ? Math.min(granted, totalmem()) : totalmem()
}

function configOf(model: Model): EncoderConfig | null {
  try {
    return readEncoderConfig(model.config)
  } catch (error) {
    if (isColdmeshError(error, 'unsupported')) return null
    throw error
  }
}

/** Lengths in tokens of some of the rows; none for a model that the engines here don't know. */
export async function sampleLengths(model: Model, { examples }: Dataset<Examples>): Promise<number[]> {
  const config = configOf(model)
  if (config === null) return []
  const encoder = createTextEncoder(model, { ...config, maxTokens: config.maxPositions })
  // Reading a file from start to end to look at few of its rows would take minutes.
  const every = isStored(examples) ? 1 : Math.max(1, Math.ceil(examples.length / SAMPLED_ROWS))
  const lengths: number[] = []
  let index = 0
  for await (const example of readExamples(examples)) {
    if (lengths.length === SAMPLED_ROWS) break
    if (index++ % every === 0) lengths.push(encoder.encode(example).ids.length)
    if (index % (every * ROWS_A_TURN) === 0) await setImmediate()
  }
  return lengths
}
