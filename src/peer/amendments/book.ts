import type { CID } from 'multiformats/cid'
import type { Approval } from '../../../protocols/membership/messages.ts'
import {
  isOpenedAmendment,
  judgeApproval,
  type OpenedAmendment,
  openAmendment,
  ratify,
} from '../../../protocols/membership/rules.ts'
import { AMENDMENT_MESSAGES } from '../../../protocols/registry.ts'
import { compareCids, equalBytes, toHex } from '../../../protocols/wire/bytes.ts'
import { isSigned, openEnvelope, type Signed } from '../../../protocols/wire/envelope.ts'
import type { Verdict } from '../../../protocols/wire/verdict.ts'
import { amendmentViewAt } from '../../rounds/rollback.ts'
import type { Head } from '../../rounds/state.ts'

/** An amendment that could still be embedded, with the consent that is held. */
export interface OpenAmendment extends OpenedAmendment {
  readonly bytes: Uint8Array
  /** By key. At most one a member. */
  readonly approvals: ReadonlyMap<string, Signed<Approval>>
}

/** Approvals of the amendments that follow the last one, judged against the round being run. */
export interface AmendmentBook {
  receive(envelope: Uint8Array): { readonly verdict: Verdict; readonly added: Signed<Approval> | null }
  /** A round began: forgets what can't be embedded any more. Returns whether anything was forgotten. */
  enter(): boolean
  /** In the order of ids. */
  readonly open: readonly OpenAmendment[]
  /** Of those that are ready, the one of the lowest id that a quorum of the committee approved, as a lineage embeds it. */
  ratification(isReady?: (open: OpenAmendment) => boolean): Uint8Array | null
  /** Everything held. */
  readonly approvals: readonly Signed<Approval>[]
}

export function createAmendmentBook(
  network: CID,
  head: () => Pick<Head, 'regime' | 'history' | 'weights'>,
): AmendmentBook {
  let held: Signed<Approval>[] = []

  const view = () => ({
    ...amendmentViewAt(head()),
    isKnown: (id: CID) => held.some((other) => compareCids(other.id, id) === 0),
    countByAuthor: (author: Uint8Array) => held.filter(({ message }) => equalBytes(message.author, author)).length,
  })

  function open(): readonly OpenAmendment[] {
    const byAmendment = Map.groupBy(held, ({ message }) => toHex(message.amendment))
    const found = [...byAmendment.values()].flatMap((approvals): readonly OpenAmendment[] => {
      const bytes = approvals[0]?.message.amendment ?? new Uint8Array()
      const opened = openAmendment(bytes, amendmentViewAt(head()))
      const byAuthor = new Map(approvals.map((signed) => [toHex(signed.message.author), signed]))
      return isOpenedAmendment(opened) ? [{ ...opened, bytes, approvals: byAuthor }] : []
    })
    return found.sort((a, b) => compareCids(a.id, b.id))
  }

  return {
    receive: (envelope) => {
      const signed = openEnvelope<Approval>(envelope, AMENDMENT_MESSAGES, network)
      if (!isSigned(signed)) return { verdict: signed, added: null }
      const verdict = judgeApproval(signed, view())
      if (verdict.verdict !== 'accept') return { verdict, added: null }
      held.push(signed)
      return { verdict, added: signed }
    },
    enter: () => {
      const before = held
      held = []
      for (const signed of before) if (judgeApproval(signed, view()).verdict === 'accept') held.push(signed)
      return held.length < before.length
    },
    get open() {
      return open()
    },
    ratification: (isReady = () => true) => {
      const { quorum } = head().regime.current
      const ratified = open().find((one) => one.approvals.size >= quorum && isReady(one))
      return ratified === undefined ? null : ratify([...ratified.approvals.values()], quorum)
    },
    get approvals() {
      return held
    },
  }
}
