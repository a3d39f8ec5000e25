import { join } from 'node:path'
import { openDataset } from '../../../src/adapters/datasets/index.ts'
import { openModel } from '../../../src/adapters/huggingface/open-model.ts'
import { encodeCheckpoint } from '../../../src/checkpoint/safetensors.ts'
import type { FloatDtype } from '../../../src/floats/dtypes.ts'
import { parseModel } from '../../../src/peer/model.ts'
import type { Trainer } from '../../../src/ports/trainer.ts'
import { completePlan } from '../../../src/training/plan.ts'

const TASKS = join(import.meta.dirname, '../../../examples/data/tasks')

export interface Finetune {
  /** A model directory. */
  readonly model: string
  readonly dtype: FloatDtype
  readonly task: string
  readonly learningRate: number
  readonly steps: number
  /** Layers from the bottom that stay, with the embeddings. */
  readonly freeze: number | null
}

/** A base's file and that of a checkpoint finetuned from it: the base in this dtype, training in F32, rounded once at the end. */
export async function finetune(job: Finetune, trainer: Trainer): Promise<{ base: Uint8Array; checkpoint: Uint8Array }> {
  const { learningRate, steps, freeze } = job
  await using opened = await openModel(job.model, { dtype: job.dtype, anyArchitecture: false })
  const base = Buffer.concat(await Array.fromAsync(opened.weights()))
  const model = await parseModel(async (name) => opened.shared.find((file) => file.name === name)?.bytes ?? base)
  const dataset = await openDataset(join(TASKS, job.task, 'train.csv'))
  const plan = completePlan({ learningRate, steps, freeze, evaluateEvery: 0, batch: 16 })
  const { body } = await trainer.train({ model, dataset, head: null, plan })
  return { base, checkpoint: encodeCheckpoint(opened.layout, body, base) }
}
