import { ColdmeshError } from '../../ports/errors.ts'
import type { FusedModels } from '../fuse-models.ts'
import { openRoundFiles, type RoundInput } from './round-files.ts'
import type { FuseWithoutOptions } from './types.ts'

const MIN_LETTERS = 6

export interface FusedWithout extends FusedModels {
  readonly base: FusedModels['base']
  readonly round: number
  /** Ids, whole. */
  readonly without: readonly string[]
}

/**
 * Fuses a round again without some of its contributions: a directory that transformers loads, with a card that says what was fused. It is
 * no base of the network.
 * @throws ColdmeshError `bad-input` (an id that is none of the round's, too few inputs for the rule), `block-missing`, as `fuseModels`
 */
export async function fuseWithout(options: FuseWithoutOptions): Promise<FusedWithout> {
  await using round = await openRoundFiles(options)
  const { entry } = round
  const without = options.without.map((text) => findInput(entry.inputs, text, entry.round))
  const left = entry.inputs.filter((input) => !without.includes(input))
  if (left.length === 0) {
    throw new ColdmeshError('bad-input', `Round ${entry.round} has no other contributions.`, {
      hint: `What is left is the base before it: coldmesh export ${entry.parent} --out DIR`,
    })
  }
  return { ...(await round.fuse(left, options.out)), round: entry.round, without: without.map(({ id }) => id) }
}

function findInput(inputs: readonly RoundInput[], text: string, round: number): RoundInput {
  const name = text.trim()
  const isMeant = ({ id }: RoundInput) => id === name || id.startsWith(name) || id.endsWith(name)
  const found = name.length < MIN_LETTERS ? [] : inputs.filter(isMeant)
  const [only] = found
  if (only !== undefined && found.length === 1) return only
  throw new ColdmeshError(
    'bad-input',
    `${JSON.stringify(name.slice(0, 80))} names ${found.length === 0 ? 'no contribution' : 'several contributions'} of round ${round}.`,
    { hint: `They are ${inputs.map(({ id }) => id).join(', ')}. Their last six letters or more will do.` },
  )
}
