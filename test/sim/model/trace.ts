import { certify, openCertificate } from '../../../protocols/round/certificate.ts'
import type { Violation } from './explore.ts'
import { type Happening, happen, type Member, openMember } from './member.ts'
import type { Universe, Value } from './universe.ts'

/** A trace as people read it, a line for each step. */
export function describeTrace({ what, trace }: Violation): string {
  const steps = trace.map(({ place, move }, i) => `${i + 1}. member ${place} ${describe(move.happening)}`)
  return [what, ...steps].join('\n')
}

function describe(happening: Happening): string {
  switch (happening.what) {
    case 'hears':
      return `hears: ${happening.utterances.map((one) => ('text' in one ? one.text : one.signed.message.kind)).join('; ')}`
    case 'timeout':
      return `waits no longer (${happening.kind})`
    case 'journaled':
      return 'has its proposal journaled, and sends it'
  }
}

/**
 * The same steps by members that forget nothing: bases with certificates that a stranger accepts, made from what the honest
 * members said and the liar would sign.
 */
export function replay(universe: Universe, { trace }: Pick<Violation, 'trace'>): ReadonlySet<Value> {
  const members = new Map<number, Member>()
  for (const { place, move } of trace) {
    const member = members.get(place) ?? openMember(universe, place)
    members.set(place, happen(universe, member, move.happening))
  }
  const ofLiar = universe.utterances.filter(({ author }) => author === universe.liar)
  const precommits = [...[...members.values()].flatMap(({ said }) => said), ...ofLiar].flatMap(({ signed, value }) =>
    signed.message.kind === 'precommit/1' && value !== 'nil'
      ? [{ value, signed: { ...signed, message: signed.message } }]
      : [],
  )
  const { id, quorum, isMember } = universe.stage.facts
  const groups = [...Map.groupBy(precommits, ({ value, signed }) => `${signed.message.view} ${value}`).values()]
  const certified = groups.filter((votes) => {
    if (votes.length < quorum) return false
    const certificate = certify(
      votes.map(({ signed }) => signed),
      quorum,
    )
    return 'base' in openCertificate(certificate, { network: id, quorum, isMember })
  })
  return new Set(certified.flatMap((votes) => votes.slice(0, 1).map(({ value }) => value)))
}
