import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createTrainer } from '../../../src/engines/trainer.ts'
import type { FloatDtype } from '../../../src/floats/dtypes.ts'
import { finetune } from './finetunes.ts'
import { pack } from './pack.ts'
import { TRANSFORMS } from './transforms.ts'

/**
 * What finetuned checkpoints compress to as exact differences from their base.
 *
 *     node --conditions=coldmesh-source test/bench/delta/bench.ts [--model DIR] [--tasks wn-pos] [--rates 1e-5,5e-5,3e-4]
 *       [--steps 20,200,1000] [--dtypes F32,BF16,F16] [--freeze none,1] [--levels 1,3,9]
 *
 * Prints a line of JSON for each: share of the plain bytes, CPU seconds a gigabyte of them.
 */
const { values } = parseArgs({
  options: {
    model: { type: 'string', default: join(import.meta.dirname, '../../../examples/data/base/model') },
    tasks: { type: 'string', default: 'wn-pos' },
    rates: { type: 'string', default: '1e-5,5e-5,3e-4' },
    steps: { type: 'string', default: '20,200,1000' },
    dtypes: { type: 'string', default: 'F32,BF16,F16' },
    freeze: { type: 'string', default: 'none' },
    levels: { type: 'string', default: '1,3,9' },
  },
})
const DTYPES: readonly FloatDtype[] = ['F32', 'BF16', 'F16']

const trainer = await createTrainer({ engine: 'onnx', threads: 2 })
try {
  for (const task of values.tasks.split(',')) {
    for (const dtype of DTYPES.filter((name) => values.dtypes.split(',').includes(name))) {
      for (const freeze of values.freeze.split(',')) {
        for (const rate of values.rates.split(',')) {
          for (const steps of values.steps.split(','))
            await measureOne(task, dtype, freeze, Number(rate), Number(steps))
        }
      }
    }
  }
} finally {
  await trainer.stop()
}

async function measureOne(task: string, dtype: FloatDtype, freeze: string, learningRate: number, steps: number) {
  const layers = freeze === 'none' ? null : Number(freeze)
  const files = await finetune({ model: values.model, dtype, task, learningRate, steps, freeze: layers }, trainer)
  const width = dtype === 'F32' ? 4 : 2
  for (const transform of TRANSFORMS) {
    for (const isSplit of [false, true]) {
      for (const level of values.levels.split(',').map(Number)) {
        const packed = await pack(files, width, { transform, isSplit, level })
        const job = { task, dtype, freeze, learningRate, steps }
        console.log(JSON.stringify({ ...job, transform: transform.name, isSplit, level, ...packed }))
      }
    }
  }
}
