import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { contribution } from '../../../protocols/contribution/messages.ts'
import { certificate, inclusionList, precommit, prevote, proposal } from '../../../protocols/round/messages.ts'
import { decodeCanonical, idOf, MalformedError } from '../../../protocols/wire/codec.ts'
import { hashParts } from '../../../protocols/wire/crypto.ts'
import { reject } from '../../../protocols/wire/verdict.ts'
import { createRound, reduce } from '../../../src/rounds/reduce.ts'
import type { Ancestor, Head } from '../../../src/rounds/state.ts'
import { buildFake } from '../../support/rounds/fusion.ts'
import type { Recorded } from '../disk.ts'
import { type Machine, REAL } from '../machine.ts'

/** Machines that take somebody's word for what they should check. */

/** Prevotes what is proposed: its own fusion gives whatever the proposal says. */
export const WITHOUT_OWN_FUSION: Partial<Machine> = {
  createRound,
  reduce: (state, event) => {
    if (event.type !== 'built') return reduce(state, event)
    const proposed = state.proposals.get(state.view)?.message
    return reduce(state, proposed ? { ...event, base: proposed.base, lineage: proposed.lineage } : event)
  },
}

/** Fuses in the order in which contributions came, not by id. */
export const FUSION_IN_ANY_ORDER: Partial<Machine> = {
  build: (network, spec) => {
    const inputs = [...spec.inputs].reverse()
    const honest = buildFake(network, spec)
    if (inputs.length < 2) return honest
    const weights = hashParts('weights', spec.parent.weights.bytes, ...inputs.map(({ checkpoint }) => checkpoint.bytes))
    const base = CID.createV1(0x70, createDigest(0x12, hashParts('base', honest.lineage.bytes, weights)))
    return { ...honest, base }
  },
}

/** One list is enough to be an input. */
export const WITHOUT_INCLUSION_THRESHOLD: Partial<Machine> = { facts: (facts) => ({ ...facts, threshold: 1 }) }

/** Every quoted list must name an input. */
export const INCLUSION_BY_ALL: Partial<Machine> = { facts: (facts) => ({ ...facts, threshold: facts.quorum }) }

/** Leaves the contribution that comes last in the lottery off its lists. */
export const FORGETFUL_LISTS: Partial<Machine> = {
  createRound,
  reduce: (state, event) => {
    const step = reduce(state, event)
    const effects = step.effects.map((effect) => {
      if (effect.type !== 'say' || effect.saying.kind !== 'list/1' || effect.saying.contributions.length < 2)
        return effect
      return { ...effect, saying: { ...effect.saying, contributions: effect.saying.contributions.slice(1) } }
    })
    return { ...step, effects }
  },
}

/** Lists what is announced, whether or not the bytes came. */
export const LISTS_WHAT_IT_LACKS: Partial<Machine> = {
  createRound,
  reduce: (state, event) =>
    reduce(state, event.type === 'checkpoint' && event.reason === 'unavailable' ? { ...event, reason: null } : event),
}

/** Waits for every contribution that it heard of before it lists. */
export const WAITS_FOR_ALL_BYTES: Partial<Machine> = {
  createRound,
  reduce: (state, event) => {
    const isMissing = [...state.contributions.values()].some(
      (entry) => entry.state !== 'held' && entry.reason !== 'not-finite',
    )
    return reduce(isMissing ? { ...state, isCollectOver: false, isGraceOver: false } : state, event)
  },
}

/** Goes back, and then judges what is offered as if nothing had been reverted. */
export const FORGETS_ROLLBACKS: Partial<Machine> = {
  createRound: (options) => createRound({ ...options, head: withoutRollbacks(options.head) }),
  reduce,
}

function withoutRollbacks(head: Head): Head {
  const forget = <A extends Ancestor>({ rolledBackTo: _, ...rest }: A) => rest
  return { ...forget(head), history: head.history.map(forget) }
}

/** Makes a base that goes back of the weights of its parent. */
export const ROLLS_BACK_TO_ITSELF: Partial<Machine> = {
  build: (network, spec) => buildFake(network, { ...spec, rollback: null }),
}

const DECLARATIONS = [contribution, inclusionList, proposal, prevote, precommit] as const

/** Reads what is signed, and does not look at the signature. */
export const WITHOUT_SIGNATURES: Partial<Machine> = {
  open: (envelope, network) => readUnsigned(envelope) ?? REAL.open(envelope, network),
}

/** Takes messages of any network for its own. */
export const ANY_NETWORK: Partial<Machine> = {
  open: (envelope, network) => {
    const read = readUnsigned(envelope)
    return read ? REAL.open(envelope, read.message.network) : REAL.open(envelope, network)
  },
}

function readUnsigned(envelope: Uint8Array): Recorded | null {
  try {
    const outer = decodeCanonical(envelope, 1_000_000)
    if (typeof outer !== 'object' || outer === null || !('payload' in outer) || !('signature' in outer)) return null
    const { payload, signature } = outer
    if (!(payload instanceof Uint8Array) || !(signature instanceof Uint8Array)) return null
    const message = DECLARATIONS.map(({ decode }) => tryDecode(() => decode(payload))).find((read) => read !== null)
    return message ? { message, id: idOf(payload), payload, signature, envelope } : null
  } catch (error) {
    if (error instanceof MalformedError) return null
    throw error
  }
}

function tryDecode<T>(decode: () => T): T | null {
  try {
    return decode()
  } catch (error) {
    if (error instanceof MalformedError) return null
    throw error
  }
}

/** Counts signatures of a certificate, not who made them. */
export const CERTIFICATE_BY_COUNT: Partial<Machine> = {
  openCertificate: (bytes, view) => {
    const opened = REAL.openCertificate(bytes, view)
    if ('base' in opened || opened.verdict !== 'reject') return opened
    if (opened.reason !== 'certificate-signers-not-distinct') return opened
    return certificate.decode(bytes)
  },
}

/** Takes a certificate of whoever signed it. */
export const CERTIFICATE_BY_ANYBODY: Partial<Machine> = {
  openCertificate: (bytes, view) => REAL.openCertificate(bytes, { ...view, isMember: () => true }),
}

/** Takes any number of votes for a certificate. */
export const CERTIFICATE_OF_FEWER: Partial<Machine> = {
  openCertificate: (bytes, view) => {
    try {
      return REAL.openCertificate(bytes, { ...view, quorum: certificate.decode(bytes).signatures.length })
    } catch (error) {
      if (error instanceof MalformedError) return reject(error.reason)
      throw error
    }
  },
}
