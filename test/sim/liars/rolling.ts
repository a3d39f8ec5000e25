import type { RollbackTarget } from '../../../protocols/lineage/rules.ts'
import { amendment, approval } from '../../../protocols/membership/messages.ts'
import { ratify } from '../../../protocols/membership/rules.ts'
import { equalBytes } from '../../../protocols/wire/bytes.ts'
import type { BuildSpec } from '../../../src/rounds/state.ts'
import { sign, testCid, testKey } from '../../support/protocols/network.ts'
import { type Liar, type LiarTools, reproposed } from './liar.ts'

/**
 * Proposes a way back that no quorum wanted, or not this one: without an amendment, with one that it approved alone, to weights
 * of another base, with inputs beside it, to what is no base of the last rounds.
 */
export const rollingLiar: Liar = {
  name: 'rolling',
  speak: (saying, tools) => [{ saying: reproposed(saying, tools, (spec) => rolled(spec, tools)) }],
}

function rolled(spec: BuildSpec, tools: LiarTools): BuildSpec {
  const { random, state } = tools
  const ancestor = random.pick(state.head.history)
  const target: RollbackTarget = { base: ancestor.base, weights: ancestor.weights }
  const bare = { ...spec, inputs: [], excluded: [], rollback: target }
  const elsewhere = { base: testCid('no base'), weights: testCid('no weights', 'file') }
  return random.pick([
    () => ({ ...bare, amendment: null }),
    () => ({ ...bare, amendment: approvedAlone(target, tools) }),
    () => ({ ...bare, amendment: approvedAlone(elsewhere, tools), rollback: elsewhere }),
    // With the amendment that a quorum did approve, if there is one.
    () => ({ ...bare, amendment: state.ratification }),
    () => ({ ...bare, amendment: state.ratification, rollback: elsewhere }),
    () => ({ ...spec, amendment: state.ratification ?? approvedAlone(target, tools) }),
    () => (spec.rollback === null ? spec : { ...spec, rollback: { ...spec.rollback, weights: state.head.weights } }),
  ])()
}

/** By the liar in its own name and, without their keys, in that of others. */
function approvedAlone({ base }: RollbackTarget, { state, random }: LiarTools): Uint8Array {
  const { id, members, quorum } = state.network
  const bytes = amendment.encode({ network: id, previous: state.head.regime.last, change: { rollback: { base } } })
  const approvals = random.shuffle(members).map((author) => {
    const signed = sign(approval, { network: id, amendment: bytes }, testKey('a forger'))
    return { ...signed, message: { ...signed.message, author } }
  })
  return ratify(
    approvals.filter(
      ({ message }, i) => !approvals.slice(0, i).some((o) => equalBytes(o.message.author, message.author)),
    ),
    quorum,
  )
}
