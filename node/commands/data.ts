import { resolve } from 'node:path'
import { completePlan, inspectDataset, type Model } from 'coldmesh'
import type { Call, Run } from '../command.ts'
import { formatReport } from '../data/format.ts'
import { defined } from '../defined.ts'
import { openBases } from '../eval/bases.ts'
import { EXIT } from '../exit-codes.ts'
import { withReadingLine } from '../text/reading.ts'
import { dirOf } from './data-dir.ts'
import { type DatasetOption, datasetOptionsOf } from './dataset.ts'

type Options = 'dir' | 'base' | 'maxTokens' | 'seed' | DatasetOption

export const runData: Run<Options> = async (call) => {
  const { args, options, output } = call
  const { maxTokens, seed } = options
  const model = await readModel(call)
  const inspecting = {
    ...datasetOptionsOf(options),
    ...(model === null ? {} : { model }),
    plan: completePlan(defined({ maxTokens, seed })),
  }
  const report = await withReadingLine(output, (onRead) =>
    inspectDataset(resolve(args[0] ?? ''), { ...inspecting, onRead }),
  )
  output.result(report, () => formatReport(report, output.colors))
  return report.problems.count === 0 ? EXIT.done : EXIT.usage
}

/** The model that would be trained: the base that is named, or the newest of the data directory; null when neither is. */
async function readModel({ options, signal }: Pick<Call<Options>, 'options' | 'signal'>): Promise<Model | null> {
  const { base } = options
  if (base === undefined && options.dir === undefined) return null
  const dir = options.dir === undefined ? '' : dirOf(options)
  await using bases = await openBases({
    targets: base === undefined ? [] : [base],
    dir: () => dir,
    rounds: undefined,
    signal,
  })
  return (await bases.candidates[0]?.load()) ?? null
}
