import type { Contribution } from '../../protocols/contribution/messages.ts'
import { equalBytes, equalCids } from '../../protocols/wire/bytes.ts'
import type { Signed } from '../../protocols/wire/envelope.ts'
import type { BaseFacts } from '../peer/builder.ts'
import type { ContentStore } from '../ports/content-store.ts'
import { ColdmeshError } from '../ports/errors.ts'
import type { Signer } from '../ports/system.ts'
import type { NetworkFacts } from '../rounds/network.ts'
import type { Head } from '../rounds/state.ts'
import { createAgenda } from './agenda.ts'
import { createMember, type Decision, type Member } from './member.ts'
import { createWorkshop } from './workshop.ts'

const LATENCY_MS = 10
/** Longer than any policy's round: reached only when no round can end. */
const MAX_ROUND_MS = 365 * 24 * 3_600_000

export interface RoundDecision extends Decision {
  /** Contributions whose bytes no member accepts, by id. */
  readonly refused: ReadonlyMap<string, string>
}

/**
 * One round among members in this process: contributions are heard, checked, listed, proposed, recomputed, voted on and certified
 * by the machine that daemons run, with real signatures, in virtual time. Equal contributions and heads give equal decisions.
 * @throws ColdmeshError `bad-input` when the contributions can't make a base
 */
export async function decideRound(context: {
  readonly network: NetworkFacts
  readonly facts: BaseFacts
  readonly store: ContentStore
  readonly head: Head
  readonly signers: readonly Signer[]
  readonly contributions: readonly Signed<Contribution>[]
}): Promise<RoundDecision> {
  const { network, head, signers, contributions } = context
  const agenda = createAgenda()
  const workshop = createWorkshop(context)
  const members: readonly Member[] = signers.map((signer, self) =>
    createMember({
      network,
      head,
      signer,
      agenda,
      workshop,
      broadcast: (envelope) => {
        for (const [index, other] of members.entries()) {
          if (index !== self) agenda.after(LATENCY_MS, () => other.receive(envelope))
        }
      },
      envelopeOf: (id, from) => {
        const index = signers.findIndex(({ key }) => equalBytes(key, from))
        return members[index]?.state.contributions.get(String(id))?.contribution.signed.envelope ?? null
      },
    }),
  )
  for (const member of members) member.start()
  for (const { envelope } of contributions) {
    for (const member of members) agenda.after(LATENCY_MS, () => member.receive(envelope))
  }
  const isOver = await agenda.run(MAX_ROUND_MS, () => members.every(({ decision }) => decision !== null))
  const refused = new Map(
    members.flatMap(({ state }) =>
      [...state.contributions].flatMap(([id, { reason }]) => (reason === null ? [] : [[id, reason] as const])),
    ),
  )
  const decisions = members.flatMap(({ decision }) => decision ?? [])
  const [first] = decisions
  if (!isOver || first === undefined) throw endless(head.round + 1, refused)
  if (!decisions.every(({ base }) => equalCids(base, first.base))) throw new Error('members decided different bases')
  return { ...first, refused }
}

function endless(round: number, refused: ReadonlyMap<string, string>): ColdmeshError {
  const reasons = [...new Set(refused.values())].join(', ')
  return new ColdmeshError(
    'bad-input',
    `Round ${round} can't end: no contribution holds (${reasons || 'none came'}).`,
    {
      hint: 'A checkpoint that is not finite comes from a rate that is too high: lower training.learningRate.',
    },
  )
}
