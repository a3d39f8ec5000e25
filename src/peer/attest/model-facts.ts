import { z } from 'zod'
import { openBase } from '../../checkpoint/base.ts'
import { licenceOfCard } from '../../checkpoint/card-licence.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import type { AttestedBase } from './attested-base.ts'

/** What the files of the network's first base say about the model and its licence. */
export interface ModelFacts {
  /** For example `bert`; a peer's text. */
  readonly family: string | null
  /** For example `BertModel`; a peer's text. */
  readonly architecture: string | null
  /** As the card of the first base states it; a peer's text. */
  readonly license: string | null
}

const MAX_TEXT = 200
const shape = z.object({
  model_type: z.string().max(MAX_TEXT).optional().catch(undefined),
  architectures: z.array(z.string().max(MAX_TEXT)).optional().catch(undefined),
})

/** @throws ColdmeshError `block-missing`, `block-corrupt` */
export async function readModelFacts({ network, store }: AttestedBase): Promise<ModelFacts> {
  const { shared, card } = await openBase(network.genesis.base, store.get)
  const config = shared.find(({ name }) => name === 'config.json')
  if (config === undefined) throw new ColdmeshError('bad-checkpoint', 'The first base has no config.json.')
  const parsed = shape.safeParse(parseJson(await store.get(config.cid)))
  return {
    family: parsed.data?.model_type ?? null,
    architecture: parsed.data?.architectures?.[0] ?? null,
    license: card === null ? null : licenceOfCard(new TextDecoder().decode(await store.get(card))),
  }
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    return null // of several leaves, or no JSON: a trainer would have refused it
  }
}
