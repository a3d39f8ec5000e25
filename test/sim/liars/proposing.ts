import { encodeEnvelope } from '../../../protocols/wire/envelope.ts'
import type { BuildSpec } from '../../../src/rounds/state.ts'
import { toCandidate } from '../../../src/rounds/views.ts'
import { testCid } from '../../support/protocols/network.ts'
import { isVote, type Liar, type LiarTools, reproposed } from './liar.ts'

/** Proposes and votes for bases that nobody can compute. */
export const wrongBaseLiar: Liar = {
  name: 'wrong-base',
  speak: (saying) => {
    if (saying.kind === 'proposal/1') return [{ saying: { ...saying, base: testCid(`lie ${saying.view}`) } }]
    if (isVote(saying)) return [{ saying: { ...saying, base: testCid(`lie ${saying.view}`) } }]
    return [{ saying }]
  },
}

/** Proposes a base whose lineage leaves one input out. */
export const censoringLiar: Liar = {
  name: 'censoring',
  speak: (saying, tools) => [
    { saying: reproposed(saying, tools, (spec) => ({ ...spec, inputs: spec.inputs.slice(1) })) },
  ],
}

/** Proposes a base whose lineage has an input that no list names. */
export const insertingLiar: Liar = {
  name: 'inserting',
  speak: (saying, tools) => [{ saying: reproposed(saying, tools, (spec) => withUnlisted(spec, tools)) }],
}

function withUnlisted(spec: BuildSpec, tools: LiarTools): BuildSpec {
  const unlisted = tools.contributions().find(({ id }) => !spec.inputs.some((input) => input.id.equals(id)))
  return unlisted ? { ...spec, inputs: [...spec.inputs, toCandidate(unlisted)] } : spec
}

/** Quotes lists that are not what they should be: forged, of another round, too few, the same ones twice. */
export const misquotingLiar: Liar = {
  name: 'misquoting',
  speak: (saying, tools) => [
    { saying: reproposed(saying, tools, (spec) => ({ ...spec, lists: misquoted(spec.lists, tools) })) },
  ],
}

function misquoted(lists: BuildSpec['lists'], tools: LiarTools): BuildSpec['lists'] {
  const { round, head } = tools.state
  const list = (fields: object) =>
    tools.sign({ kind: 'list/1', round, parent: head.base, seq: 0, contributions: [], ...fields })
  return tools.random.pick([
    () => lists.slice(1),
    () => [...lists.slice(1), ...lists.slice(-1)],
    () => [...lists.slice(1), list({ round: round + 1 }).envelope],
    () => [...lists.slice(1), list({ parent: testCid('another parent') }).envelope],
    () => [...lists, list({ seq: 7 }).envelope],
    () => [...lists.slice(1), forged(list({}).payload, tools)],
  ])()
}

/** The bytes of a message that its author did not sign. */
export function forged(payload: Uint8Array, { random }: LiarTools): Uint8Array {
  return encodeEnvelope(
    payload,
    Uint8Array.from({ length: 64 }, () => random.integer(0, 255)),
  )
}

/** Builds on a parent whose certificate is missing, forged, or another one's. */
export const uncertifiedLiar: Liar = {
  name: 'uncertified',
  speak: (saying, tools) => [{ saying: reproposed(saying, tools, (spec) => withBadParent(spec, tools)) }],
}

function withBadParent(spec: BuildSpec, { random }: LiarTools): BuildSpec {
  const certificate = spec.parentCertificate
  if (!certificate) return { ...spec, parentCertificate: Uint8Array.of(0xa0) }
  const flipped = Uint8Array.from(certificate)
  const at = random.integer(0, flipped.length - 1)
  flipped[at] = (flipped[at] ?? 0) ^ 1
  return { ...spec, parentCertificate: random.pick([null, flipped]) }
}
