import type { CID } from 'multiformats/cid'
import type { Lineage } from '../../../protocols/lineage/messages.ts'
import { amendment, ratification } from '../../../protocols/membership/messages.ts'
import { toHex } from '../../../protocols/wire/bytes.ts'
import { idOf, MalformedError } from '../../../protocols/wire/codec.ts'
import type { SignedContribution } from '../../rounds/state.ts'
import { parentOf } from '../../rounds/views.ts'
import { describeChange } from '../amendments/change.ts'
import type { LogEntry } from '../log-types.ts'
import { readVoucher } from '../permission.ts'
import type { RoundDetails } from '../verify-types.ts'
import type { RoundContents } from './open-round.ts'
import type { HistoryStep } from './step.ts'

/** Of a round: there may be thousands. */
const MAX_EXCLUDED = 64
const BILLION = 1_000_000_000

/** What a round was made of; null where a signature does not hold. */
export function detailsOf({ network, loaded, contents, parent, certificate }: HistoryStep): RoundDetails | null {
  if (contents === null) return null
  const { lineage, round } = loaded
  return {
    certificate: certificate && {
      view: certificate.view,
      signers: certificate.signers.map((key) => ({ name: network.nameOf(key), key: toHex(key) })),
    },
    quorum: network.quorum,
    lists: lineage.lists.length,
    inputs: contents.inputs.map((input) => {
      const { id, author, task, dataset, rows, vouchedBy } = inputOf(network, input)
      const from = parent === null ? null : parentOf(parent, input.parent, input.round)
      return { id, author, task, dataset, rows, vouchedBy, staleness: from?.staleness ?? null }
    }),
    excluded: excludedOf({ excluded: contents.excluded.slice(0, MAX_EXCLUDED) }),
    exclusions: contents.excluded.length,
    amendment: amendmentOf(round, lineage.amendment),
  }
}

/** Without what only the lineage, or the rounds before, say of it. */
export type InputFacts = Omit<LogEntry['inputs'][number], 'staleness' | 'clipping'>

export function inputOf(network: { readonly id: CID }, input: SignedContribution): InputFacts {
  const { id, author, checkpoint, signed } = input
  const { dataset, metrics, voucher } = signed.message
  const { name, task, rows, license, commitment } = dataset
  const vouched = voucher === undefined ? null : readVoucher(voucher, network.id)
  return {
    id: String(id),
    author: toHex(author),
    checkpoint: String(checkpoint),
    task,
    dataset: name,
    rows,
    license: license ?? null,
    commitment: toHex(commitment),
    metric: {
      name: metrics.name,
      before: metrics.before === null ? null : metrics.before / BILLION,
      after: metrics.after / BILLION,
    },
    trainedFrom: { round: signed.message.round - 1, base: String(signed.message.parent) },
    vouchedBy: vouched === null ? null : toHex(vouched.author),
  }
}

export function excludedOf({ excluded }: Pick<RoundContents, 'excluded'>): LogEntry['excluded'] {
  return excluded.map(({ contribution, reason }) => {
    return { id: String(contribution.id), author: toHex(contribution.author), reason }
  })
}

/** Null also for what is no amendment: that the lineage embeds one that is none is told by whoever judges it. */
export function amendmentOf(round: number, embedded: Lineage['amendment']): LogEntry['amendment'] {
  if (embedded === undefined) return null
  try {
    const { amendment: bytes } = ratification.decode(embedded)
    const { change } = amendment.decode(bytes)
    // A rollback is this base.
    const from = change.rollback === undefined ? round + 2 : round
    return { id: String(idOf(bytes)), change: describeChange(change), from }
  } catch (error) {
    if (error instanceof MalformedError) return null
    throw error
  }
}
