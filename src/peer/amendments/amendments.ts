import type { CID } from 'multiformats/cid'
import type { RollbackTarget } from '../../../protocols/lineage/rules.ts'
import {
  type Amendment,
  type Approval,
  amendment,
  approval,
  ratification,
} from '../../../protocols/membership/messages.ts'
import { MAX_APPROVALS_PAGE } from '../../../protocols/sync/messages.ts'
import { toHex } from '../../../protocols/wire/bytes.ts'
import { idOf, MalformedError } from '../../../protocols/wire/codec.ts'
import { encodeEnvelope, preAuthentication, type Signed } from '../../../protocols/wire/envelope.ts'
import type { Verdict } from '../../../protocols/wire/verdict.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import type { Journal, Signer } from '../../ports/system.ts'
import { earlierBase, namedByRollback } from '../../rounds/rollback.ts'
import type { Head } from '../../rounds/state.ts'
import type { AmendmentChange, AmendmentStatus } from '../amendment-types.ts'
import type { ChainEntry } from '../chain.ts'
import type { Emitter } from '../emitter.ts'
import { createSharedBook, missingFrom, type SharedBookPorts } from '../shared-book.ts'
import type { SyncClient } from '../sync/client.ts'
import type { PeerEvent } from '../types.ts'
import { createAmendmentBook, type OpenAmendment } from './book.ts'
import { describeChange, encodeChange } from './change.ts'
import type { RollbackWeights } from './rollback-weights.ts'

/** Changes of the network's terms that members propose and approve: kept on disk, passed on, handed to the round. */
export interface Amendments {
  /** From gossip or sync. */
  receive(envelope: Uint8Array): Verdict
  /** Proposes a change by approving it first. Durable when it resolves. @throws ColdmeshError `bad-input`, `refused` */
  propose(change: AmendmentChange): Promise<AmendmentStatus>
  /** @throws ColdmeshError `bad-input` when there is no such amendment, `refused` when this peer is no member, or the disk */
  approve(id: string): Promise<AmendmentStatus>
  /** Open ones, and the one that was embedded last and is not in force yet. */
  readonly status: readonly AmendmentStatus[]
  /** Envelopes that are not in `have`, at most a page. */
  missing(have: readonly CID[]): readonly Uint8Array[]
  /** Asks a neighbour for what we lack. Never throws. */
  syncWith(peer: string): Promise<void>
  /** A round began. */
  enterRound(): void
  /** Tells the round again what is ratified: weights came that it needs. */
  handOver(): void
  /** Resolves when everything is on the disk. */
  stop(): Promise<void>
}

export interface AmendmentsOptions extends SharedBookPorts {
  readonly head: () => Head
  readonly chain: { readonly entries: readonly ChainEntry[] }
  readonly journal: Journal
  readonly signer: Signer
  readonly sync: Pick<SyncClient, 'approvals'>
  readonly weights: RollbackWeights
  /** Tells the round what its base should embed. */
  readonly onRatified: (ratification: Uint8Array) => void
  readonly events: Pick<Emitter<PeerEvent>, 'emit'>
}

export function createAmendments(options: AmendmentsOptions): Amendments {
  const { network, head, chain, journal, signer, events, log } = options
  const book = createAmendmentBook(network, head)
  for (const record of journal.records) book.receive(record)
  const shared = createSharedBook<Signed<Approval>>({
    ...options,
    topic: 'amendments',
    what: 'approval',
    // One page has all that a peer holds.
    maxPages: 1,
    add: book.receive,
    store: ({ envelope }) => journal.append(envelope),
    tell,
    ask: (peer, signal) => {
      const have = book.approvals.map(({ id }) => id).slice(-MAX_APPROVALS_PAGE)
      return [options.sync.approvals(peer, have, signal)]
    },
  })

  function tell({ message }: Signed<Approval>): void {
    const status = statusOfId(String(idOf(message.amendment)))
    if (status !== null) {
      const by = head().regime.current.nameOf(message.author)
      log.info('approved', { amendment: status.id, by, approvals: status.approvedBy.length, need: status.need })
      events.emit({ type: 'approved', by, amendment: status })
    }
    handOver()
  }

  const targetOf = ({ amendment: { change } }: Pick<OpenAmendment, 'amendment'>): RollbackTarget | null =>
    change.rollback === undefined ? null : earlierBase(head(), change.rollback.base)

  /** Members alone bring weights for it: who follows votes on nothing. */
  function mindWeights(): void {
    const isMember = head().regime.current.isMember(signer.key)
    options.weights.mind(isMember ? book.open.flatMap((open) => targetOf(open) ?? []) : [])
  }

  function handOver(): void {
    mindWeights()
    const isReady = (open: OpenAmendment) => {
      const target = targetOf(open)
      return target === null || options.weights.isHere(target.weights)
    }
    const ratified = book.ratification(isReady)
    if (ratified !== null) options.onRatified(ratified)
  }

  function statusOf({ id, amendment: { change }, approvals }: OpenAmendment): AmendmentStatus {
    const { members, nameOf, quorum } = head().regime.current
    const has = (key: Uint8Array) => approvals.has(toHex(key))
    return {
      id: String(id),
      change: describeChange(change),
      approvedBy: members.filter(has).map(nameOf),
      missing: members.filter((key) => !has(key)).map(nameOf),
      need: quorum,
      state: approvals.size >= quorum ? 'ratified' : 'open',
      from: null,
    }
  }

  function statusOfId(id: string): AmendmentStatus | null {
    const found = book.open.find((open) => String(open.id) === id)
    return found === undefined ? null : statusOf(found)
  }

  /** The amendment in the head's own lineage: it waits one round more. */
  function pending(): readonly AmendmentStatus[] {
    const { round, regime } = head()
    const embedded = chain.entries[round - 1]?.amendment
    if (embedded === undefined) return []
    const read = ratification.decode(embedded)
    const authors = read.signatures.map(({ author }) => author)
    return [
      {
        id: String(idOf(read.amendment)),
        change: describeChange(amendment.decode(read.amendment).change),
        approvedBy: authors.map(regime.own.nameOf),
        missing: [],
        need: authors.length,
        state: 'embedded',
        from: namedByRollback(embedded) === null ? round + 2 : round,
      },
    ]
  }

  /** Nobody asks for a base whose weights can't be had. */
  async function requireWeights({ rollback }: Amendment['change']): Promise<void> {
    // What else is wrong with it is said when it is judged.
    const target = rollback === undefined ? null : earlierBase(head(), rollback.base)
    if (target !== null) await options.weights.require(target)
  }

  async function say(bytes: Uint8Array): Promise<AmendmentStatus> {
    const id = String(idOf(bytes))
    if (!head().regime.current.isMember(signer.key)) {
      throw new ColdmeshError('refused', 'This peer is no member of the committee: members change the terms.', {
        hint: '`coldmesh status` lists the members; ask one of them.',
      })
    }
    await requireWeights(amendment.decode(bytes).change)
    const payload = approval.encode({ network, author: signer.key, amendment: bytes })
    const envelope = encodeEnvelope(payload, signer.sign(preAuthentication(payload)))
    const { verdict, written } = shared.take(envelope, 'self')
    if (verdict.verdict !== 'accept' && verdict.reason !== 'known') throw refused(verdict.reason)
    await written
    await shared.announce(envelope)
    const status = statusOfId(id) ?? pending().find((other) => other.id === id)
    if (status === undefined) throw new Error('an amendment that was approved is held')
    return status
  }

  return {
    receive: shared.receive,
    propose: async (change) => await say(encode({ network, previous: head().regime.last, change })),
    approve: async (id) => {
      const found = book.open.find((open) => String(open.id) === id)
      if (found !== undefined) return await say(found.bytes)
      throw new ColdmeshError('bad-input', `No open amendment has the id ${JSON.stringify(id.slice(0, 80))}.`, {
        hint: '`coldmesh amend` lists the open ones.',
      })
    },
    get status() {
      return [...pending(), ...book.open.map(statusOf)]
    },
    missing: (have) => missingFrom(book.approvals, have, MAX_APPROVALS_PAGE),
    syncWith: shared.syncWith,
    enterRound: () => {
      if (book.enter()) void shared.write(() => journal.rewrite(book.approvals.map(({ envelope }) => envelope)))
      handOver()
    },
    handOver,
    stop: async () => {
      await Promise.all([shared.stop(), options.weights.stop()])
    },
  }
}

function encode(options: {
  readonly network: CID
  readonly previous: CID | null
  readonly change: AmendmentChange
}): Uint8Array {
  try {
    return amendment.encode({ ...options, change: encodeChange(options.change) })
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error
    throw new ColdmeshError('bad-input', `The amendment can't be written: ${error.message}.`, { cause: error })
  }
}

const EXPLANATIONS: Readonly<Record<string, string>> = {
  'amendment-empty': 'It changes nothing.',
  'amendment-removes-nobody': 'It removes a key that is no member.',
  'amendment-committee-size': 'It would leave a committee of none, or of more than 64.',
  'amendment-duplicate-member-key': 'It adds a key that is a member already.',
  'amendment-duplicate-member-name': 'It adds a name that a member has already.',
  'amendment-bad-member-key': 'It adds a key that is no acceptable Ed25519 key.',
  'amendment-min-above-max': 'minContributions would be above maxContributions.',
  'amendment-rollback-not-alone': 'It rolls back and changes something else too.',
  'amendment-no-earlier-base':
    'It rolls back to what is no base of the last historyRounds rounds, or has the weights of the newest one.',
  'amendment-out-of-order': 'Another amendment was embedded meanwhile.',
  'approval-limit': 'This member has approved four open amendments already: one of them has to be embedded first.',
}

function refused(reason: string): ColdmeshError {
  return new ColdmeshError('bad-input', `The amendment does not hold: ${EXPLANATIONS[reason] ?? reason}`, {
    facts: { reason },
    hint: '`coldmesh status` shows the committee and `coldmesh amend` what is open.',
  })
}
