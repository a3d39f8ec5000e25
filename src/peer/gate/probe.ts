import type { CID } from 'multiformats/cid'
import { hashParts } from '../../../protocols/wire/crypto.ts'
import { decodeCheckpoint } from '../../checkpoint/safetensors.ts'
import { evaluateBase } from '../../engines/evaluate-base.ts'
import type { Dataset } from '../../ports/dataset.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import type { Model, Trainer } from '../../ports/trainer.ts'
import type { BuildSpec, SignedContribution } from '../../rounds/state.ts'
import { checkLabels } from '../../training/labels.ts'
import { splitExamples } from '../../training/split.ts'
import { fusionOf } from '../builder.ts'
import type { PeerContext } from '../context.ts'
import { streamFusion } from '../fuse-stored.ts'
import { readModel } from '../model.ts'

/** A head learns on half of the rows and is scored on the others. */
const MEASURED = 0.5

/**
 * Measures models by a frozen probe: a head alone learns. Split, head and batches follow from the network and the round, so what
 * is compared in one round differs in its weights alone.
 */
export interface Probe {
  /** The data's metric of a base: accuracy, where rows have one label. @throws ColdmeshError as `evaluateBase`, `block-missing` */
  ofBase(base: CID, round: number): Promise<number>
  /** What one input alone makes of the round's base. */
  ofInput(spec: BuildSpec, input: SignedContribution): Promise<number>
}

/** @throws ColdmeshError `bad-dataset` when there are too few rows to measure with */
export function checkGateData(data: Dataset): void {
  const { training, validation } = splitExamples(data.examples, { fraction: MEASURED, seed: 0 })
  checkLabels(data)
  if (training.length > 0 && validation.length > 0) return
  throw new ColdmeshError('bad-dataset', `${data.name} has too few rows for a gate.`, {
    hint: 'Give at least two different texts of each of two labels; some hundred rows tell more.',
  })
}

export function createProbe(options: {
  readonly context: Pick<PeerContext, 'network' | 'facts' | 'store'>
  readonly data: Dataset
  readonly trainer: Trainer
  readonly signal: AbortSignal
}): Probe {
  const { context, data, trainer, signal } = options
  const { network, facts, store } = context

  async function measure(model: Model, round: number): Promise<number> {
    const [word = 0] = new Uint32Array(new Uint8Array(hashParts('coldmesh/gate/1', network.id.bytes, round)).buffer)
    const { training, validation } = splitExamples(data.examples, { fraction: MEASURED, seed: word })
    const { name, task: type, labels } = data
    const train = { name, ...(type && { task: type }), labels, examples: training, validation: training }
    const task = { name: data.name, train, test: validation }
    return (await evaluateBase({ trainer, model, task, mode: 'frozen', seeds: [word], signal })).mean
  }

  return {
    ofBase: async (base, round) => measure(await readModel(base, store), round),
    ofInput: async (spec, input) => {
      const file = new Uint8Array(facts.layout.totalBytes)
      let at = 0
      // The input as it is: a rule may need more than one.
      const alone = { ...fusionOf({ ...spec, inputs: [input] }, facts, store), rule: 'mean/1', params: {} }
      for await (const chunk of streamFusion(alone)) {
        file.set(chunk, at)
        at += chunk.length
      }
      const model = await readModel(spec.parent.base, store)
      return measure({ ...model, body: decodeCheckpoint(file).weights }, spec.round)
    },
  }
}
