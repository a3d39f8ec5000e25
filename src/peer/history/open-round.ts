import { contribution } from '../../../protocols/contribution/messages.ts'
import { isOpenedLineage, type OpenedLineage, openLineage } from '../../../protocols/lineage/rules.ts'
import { inclusionList } from '../../../protocols/round/messages.ts'
import { toHex } from '../../../protocols/wire/bytes.ts'
import { decodeCanonical, idOf } from '../../../protocols/wire/codec.ts'
import { MAX_LINEAGE_BYTES } from '../../../protocols/wire/limits.ts'
import { ACCEPT } from '../../../protocols/wire/verdict.ts'
import type { OpenedRound as OpenedInputs } from '../../rounds/head.ts'
import type { NetworkFacts } from '../../rounds/network.ts'
import { regimeOf } from '../../rounds/regime.ts'
import { namedByRollback } from '../../rounds/rollback.ts'
import type { Ancestor, Head, SignedContribution } from '../../rounds/state.ts'
import { lineageView } from '../../rounds/views.ts'
import { type BadLink, reasonOf } from './bad-link.ts'
import type { LoadedRound } from './load-round.ts'

export type RoundContents = Pick<OpenedLineage<SignedContribution>, 'inputs' | 'excluded' | 'rollback'>

export interface OpenedRound {
  /** Null when the lineage was refused, or when nothing is known of the rounds before it. */
  readonly opened: OpenedLineage<SignedContribution> | null
  /** Null when a signature in it does not hold. */
  readonly contents: RoundContents | null
  readonly bad: readonly BadLink[]
}

/** What can't be judged without the rounds before. */
const NEEDS_HISTORY: readonly string[] = [
  'lineage-other-inputs',
  'lineage-other-exclusions',
  'lineage-too-few-inputs',
  'lineage-empty-changes-weights',
]

/**
 * Opens a lineage: completely with the head that it follows, else (`head` null) as far as one lineage tells. The embedded
 * certificate of the parent is not looked at: it is the parent's.
 * @param network as it is in this round; of the genesis where nothing is known of the rounds before
 */
export function openRound(network: NetworkFacts, head: Head | null, loaded: LoadedRound): OpenedRound {
  const view = { ...lineageView(head ?? unknownHead(network, loaded)), judgeParentCertificate: () => ACCEPT }
  const opened = openLineage(loaded.bytes, view)
  if (isOpenedLineage(opened)) return { opened: head === null ? null : opened, contents: opened, bad: [] }
  const { lineage } = loaded
  const bad: BadLink[] = []
  for (const envelope of lineage.lists) {
    const list = view.openList(envelope)
    if ('verdict' in list) bad.push({ link: nameList(envelope), reason: reasonOf(list) })
  }
  const openContribution = (envelope: Uint8Array): SignedContribution[] => {
    const contribution = view.openContribution(envelope)
    if (!('verdict' in contribution)) return [contribution]
    bad.push({ link: nameContribution(envelope), reason: reasonOf(contribution) })
    return []
  }
  const inputs = lineage.inputs.flatMap(openContribution)
  const excluded = lineage.excluded.flatMap(({ envelope, reason }) =>
    openContribution(envelope).map((contribution) => ({ contribution, reason })),
  )
  const isComplete = inputs.length === lineage.inputs.length && excluded.length === lineage.excluded.length
  const reason = reasonOf(opened)
  const needsHistory = NEEDS_HISTORY.includes(reason) || reason.startsWith('amendment-')
  if (bad.length === 0 && !(head === null && needsHistory)) bad.push({ link: 'lineage', reason })
  const amended = lineage.amendment === undefined ? null : view.openAmendment(lineage.amendment)
  const rollback = amended !== null && 'rollback' in amended ? amended.rollback : null
  return { opened: null, contents: isComplete ? { inputs, excluded, rollback } : null, bad }
}

/** A head that only the lineage itself speaks for. */
function unknownHead(network: NetworkFacts, { round, lineage }: LoadedRound): Head {
  const { parent: base, weights } = lineage
  const ancestor: Ancestor = { round: round - 1, base, weights, inputs: [], isEmpty: false }
  return { ...ancestor, certificate: null, history: [ancestor], regime: regimeOf(network) }
}

/** What a head takes of a lineage that was judged before: nothing is checked. */
export function readJudged({ lineage }: LoadedRound): OpenedInputs {
  const inputs = lineage.inputs.map((envelope) => contribution.decode(payloadOf(envelope) ?? new Uint8Array()))
  const base = namedByRollback(lineage.amendment)
  const isEmpty = base === null && inputs.length === 0 && lineage.excluded.length === 0
  return { lineage, inputs, isEmpty, rollback: base === null ? null : { base } }
}

function nameContribution(envelope: Uint8Array): string {
  const payload = payloadOf(envelope)
  return payload === null ? 'lineage' : `contribution ${idOf(payload)}`
}

function nameList(envelope: Uint8Array): string {
  const payload = payloadOf(envelope)
  if (payload === null) return 'lineage'
  try {
    return `list ${toHex(inclusionList.decode(payload).author)}`
  } catch {
    return 'lineage'
  }
}

function payloadOf(envelope: Uint8Array): Uint8Array | null {
  try {
    const value = decodeCanonical(envelope, MAX_LINEAGE_BYTES)
    const payload = typeof value === 'object' && value !== null && 'payload' in value ? value.payload : null
    return payload instanceof Uint8Array ? payload : null
  } catch {
    return null
  }
}
