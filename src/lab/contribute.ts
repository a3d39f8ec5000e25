import type { CID } from 'multiformats/cid'
import { type Contribution, contribution as declaration } from '../../protocols/contribution/messages.ts'
import {
  encodeEnvelope,
  isSigned,
  openEnvelope,
  preAuthentication,
  type Signed,
} from '../../protocols/wire/envelope.ts'
import { encodeCheckpoint } from '../checkpoint/safetensors.ts'
import { importFile } from '../checkpoint/unixfs.ts'
import { commitExamples } from '../peer/commit-examples.ts'
import { statedWork } from '../peer/stated-work.ts'
import type { Signer } from '../ports/system.ts'
import type { Head, Model, Trainer, TrainingPlan, TrainingResult } from '../ports/trainer.ts'
import { type Contributor, datasetOf } from './contributors.ts'
import type { LabNetwork } from './network.ts'
import type { LabPlan } from './plan.ts'
import { labSigner, seedFor } from './seeds.ts'

export interface Contributed {
  readonly contributor: Contributor
  readonly signed: Signed<Contribution>
  readonly head: Head
  readonly training: Pick<TrainingResult, 'steps' | 'rows' | 'seconds' | 'validation'>
}

/** One contributor's part in the round: finetunes the base on its rows, stores the checkpoint and signs the contribution. */
export async function contribute(options: {
  readonly network: LabNetwork
  readonly model: Model & { readonly file: Uint8Array }
  readonly contributor: Contributor
  /** From the last round that it took part in. */
  readonly head: Head | null
  readonly plan: LabPlan
  readonly training: TrainingPlan
  readonly run: number
  readonly trainer: Trainer
  readonly signal: AbortSignal
}): Promise<Contributed> {
  const { network, model, contributor, head, plan, run, trainer, signal } = options
  const round = network.head.round + 1
  const dataset = datasetOf(contributor, plan, { run, round })
  const training = { ...options.training, seed: seedFor(run, 'training', contributor.name, round) }
  const trained = await trainer.train({ model, head, dataset, plan: training, signal })
  const checkpoint = await store(network, trained, model.file)
  const signer = labSigner(run, contributor.name)
  const signed = sign(network, signer, {
    ...statedWork({
      dataset,
      task: contributor.task.name,
      // The rows are public, so nothing is hidden by a secret salt: everybody can check the commitment.
      commitment: await commitExamples(dataset.examples, signer.key),
      plan: training,
      trained,
      trainer,
      // Time is virtual in a lab: what a clock says would make equal plans give different bases.
      seconds: 0,
    }),
    providers: [],
    round,
    parent: network.head.base,
    checkpoint,
    bytes: network.base.layout.totalBytes,
  })
  const { steps, rows, seconds, validation } = trained
  return { contributor, signed, head: trained.head, training: { steps, rows, seconds, validation } }
}

async function store(network: LabNetwork, { body }: TrainingResult, file: Uint8Array): Promise<CID> {
  const bytes = encodeCheckpoint(network.base.layout, body, file)
  const { cid } = await importFile([bytes], (block, content) => network.checkpoints.put(block, content))
  return cid
}

type Fields = Omit<Contribution, 'kind' | 'network' | 'author'>

function sign({ facts }: LabNetwork, signer: Signer, said: Fields): Signed<Contribution> {
  const payload = declaration.encode({ ...said, network: facts.id, author: signer.key })
  const envelope = encodeEnvelope(payload, signer.sign(preAuthentication(payload)))
  const signed = openEnvelope(envelope, [declaration], facts.id)
  if (!isSigned(signed)) throw new Error(`a contribution of the lab is refused: ${signed.reason}`)
  return signed
}
