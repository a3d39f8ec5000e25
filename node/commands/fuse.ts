import { resolve } from 'node:path'
import { type FusedModels, fuseModels, parseRule } from 'coldmesh'
import type { Run } from '../command.ts'
import { defined } from '../defined.ts'
import { createStatusLine } from '../eval/status-line.ts'
import { EXIT } from '../exit-codes.ts'
import { CliError } from '../failure.ts'
import { show } from '../text/escape.ts'
import { percent } from '../text/spread.ts'

export const runFuse: Run<'rule' | 'out' | 'base' | 'weights' | 'dtype' | 'threads'> = async (call) => {
  const { args, options, output, signal } = call
  const { rule: text, out, base, dtype, threads } = options
  if (text === undefined) {
    throw new CliError('bad-input', 'It is not said how to fuse.', { hint: 'Add --rule, for example --rule mean/1.' })
  }
  if (out === undefined) {
    throw new CliError('bad-input', 'It is not said where the files should go.', { hint: 'Add --out DIR.' })
  }
  const weights = options.weights === undefined ? undefined : parseWeights(options.weights, args.length)
  const { rule, params } = readRule(text, weights)
  const line = createStatusLine(output)
  try {
    const fused = await fuseModels({
      ...{ inputs: args.map((path) => resolve(path)), rule, params, out, signal },
      ...defined({ base: base === undefined ? undefined : resolve(base), weights, dtype, workers: threads }),
      onProgress: ({ pass, bytes, totalBytes }) => line.show(`pass ${pass}: ${percent(bytes / totalBytes)}`),
    })
    line.clear()
    output.result(fused, () => describe(fused).join('\n'))
    return EXIT.done
  } finally {
    line.clear()
  }
}

/** Where all weights count, nobody wants to say how many at most. */
function readRule(text: string, weights: readonly number[] | undefined) {
  const isBare = text.trim() === 'weighted-mean/1' && weights !== undefined
  const { rule, params } = parseRule(isBare ? `${text},maxRows=${Math.max(...weights)}` : text)
  if (rule === 'weighted-mean/1' && weights === undefined) {
    throw new CliError('bad-input', 'weighted-mean/1 needs a weight for each model.', { hint: 'Add --weights N,N.' })
  }
  if (rule !== 'weighted-mean/1' && weights !== undefined) {
    throw new CliError('bad-input', `${rule} takes no weights.`, {
      hint: 'Add --rule weighted-mean/1, or leave --weights out.',
    })
  }
  return { rule, params }
}

function parseWeights(text: string, count: number): readonly number[] {
  const weights = text.split(',').map(Number)
  const isRight = weights.every((weight) => Number.isSafeInteger(weight) && weight >= 1 && weight <= 1_000_000_000)
  if (isRight && weights.length === count) return weights
  throw new CliError('bad-input', `--weights takes ${count} whole numbers from 1 to 1000000000, not "${text}".`, {
    hint: 'One for each model, in their order: --weights 2,1',
  })
}

function describe({ out, cid, weights, bytes, inputs, base }: FusedModels): string[] {
  return [
    `fused ${cid}`,
    `  model.safetensors ${weights}, ${bytes} bytes`,
    ...(base === null ? [] : [`  base ${base.weights} ${show(base.path)}`]),
    ...inputs.map((input) => `  + ${input.weights} ${show(input.path)}`),
    `  files in ${show(out)}`,
  ]
}
