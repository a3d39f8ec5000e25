import type { LabelledRow, Target } from './learner.ts'

/** A loss, and its gradient by each output. */
export interface RowLoss {
  readonly loss: number
  readonly gradients: readonly number[]
}

/**
 * The loss of one row, given its outputs: cross-entropy of one label, mean binary cross-entropy over the outputs (`multi-label`), squared error
 * (`regression`): what transformers has.
 */
export function rowLoss(outputs: Float32Array, { label, task }: Pick<LabelledRow, 'label' | 'task'>): RowLoss {
  if (task === 'multi-label') return binaryCrossEntropy([...outputs], label)
  if (task === 'regression') return squaredError(outputs[0] ?? Number.NaN, Number(label))
  return crossEntropy([...outputs], label)
}

function crossEntropy(outputs: readonly number[], label: Target): RowLoss {
  const largest = Math.max(...outputs)
  const logSum = Math.log(outputs.reduce((sum, output) => sum + Math.exp(output - largest), 0))
  const logProbabilities = outputs.map((output) => output - largest - logSum)
  return {
    loss: -(logProbabilities[Number(label)] ?? Number.NaN),
    gradients: logProbabilities.map((value, index) => Math.exp(value) - Number(index === label)),
  }
}

function binaryCrossEntropy(outputs: readonly number[], label: Target): RowLoss {
  const labels = typeof label === 'number' ? [label] : label
  const each = outputs.map((output, index) => {
    const target = Number(labels.includes(index))
    return {
      loss: Math.max(output, 0) - output * target + Math.log1p(Math.exp(-Math.abs(output))),
      gradient: (1 / (1 + Math.exp(-output)) - target) / outputs.length,
    }
  })
  return {
    loss: each.reduce((sum, { loss }) => sum + loss, 0) / outputs.length,
    gradients: each.map(({ gradient }) => gradient),
  }
}

function squaredError(output: number, target: number): RowLoss {
  return { loss: (output - target) ** 2, gradients: [2 * (output - target)] }
}
