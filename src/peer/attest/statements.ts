import { amendment, ratification } from '../../../protocols/membership/messages.ts'
import { certificate as certificateDeclaration, inclusionList } from '../../../protocols/round/messages.ts'
import { toHex } from '../../../protocols/wire/bytes.ts'
import { decodeCanonical, idOf } from '../../../protocols/wire/codec.ts'
import { bytes, record } from '../../../protocols/wire/fields.ts'
import { ENVELOPE_OVERHEAD_BYTES, MAX_LIST_BYTES } from '../../../protocols/wire/limits.ts'
import type { NetworkFacts } from '../../rounds/network.ts'
import type { SignedContribution } from '../../rounds/state.ts'
import { readVoucher } from '../permission.ts'
import type { SignedReport } from '../reports/book.ts'
import { base64 } from './dsse.ts'

// What peers signed, as JSON: nothing rounded (rates stay whole billionths), keys and digests in hex, CIDs as text. Texts are peers' own.

/** What a contributor says. */
export function contributionJson({ id, author, signed }: SignedContribution, network: NetworkFacts) {
  const { round, parent, checkpoint, bytes: length, dataset, training, metrics, head, voucher } = signed.message
  const { learningRate, ...trained } = training
  const vouched = voucher === undefined ? null : readVoucher(voucher, network.id)
  return {
    id: String(id),
    author: toHex(author),
    round,
    parent: String(parent),
    checkpoint: String(checkpoint),
    bytes: length,
    dataset: {
      name: dataset.name,
      task: dataset.task,
      rows: dataset.rows,
      commitment: toHex(dataset.commitment),
      license: dataset.license ?? null,
    },
    training: { ...trained, learningRateBillionths: learningRate },
    metrics: { name: metrics.name, beforeBillionths: metrics.before, afterBillionths: metrics.after },
    head: head === undefined ? null : String(head),
    vouchedBy: vouched === null ? null : toHex(vouched.author),
  }
}
export type ContributionJson = ReturnType<typeof contributionJson>

/** Who decided, and how many of them had to. */
export function committeeJson({ terms, quorum }: NetworkFacts) {
  return {
    quorum: terms.quorum,
    votes: quorum,
    members: terms.committee.map(({ name, key }) => ({ name, key: toHex(key) })),
  }
}

/** A certificate that was judged before. */
export function certificateJson(cbor: Uint8Array) {
  const { view, signatures } = certificateDeclaration.decode(cbor)
  return { cbor: base64(cbor), view, signers: signatures.map(({ author }) => toHex(author)) }
}

const envelopeOfList = record({
  payload: bytes({ atMost: MAX_LIST_BYTES }),
  signature: bytes({ exactly: 64 }),
})

/** An inclusion list that was judged before: which contributions a member saw. */
export function listJson(envelope: Uint8Array) {
  const value = decodeCanonical(envelope, MAX_LIST_BYTES + ENVELOPE_OVERHEAD_BYTES)
  const { author, contributions } = inclusionList.decode(envelopeOfList.read(value, 'list').payload)
  return { author: toHex(author), contributions: contributions.map(String) }
}

/** A change of the terms that a round embeds. */
export function amendmentJson(round: number, cbor: Uint8Array) {
  const { amendment: inner, signatures } = ratification.decode(cbor)
  const { previous, change } = amendment.decode(inner)
  const { rollback } = change
  return {
    id: String(idOf(inner)),
    previous: previous === null ? null : String(previous),
    // a rollback is this base
    from: rollback === undefined ? round + 2 : round,
    ...(rollback === undefined ? {} : { rollback: String(rollback.base) }),
    cbor: base64(cbor),
    signers: signatures.map(({ author }) => toHex(author)),
  }
}

/** Somebody's evaluation of the base, with its signed bytes. */
export function reportJson({ id, message, envelope }: SignedReport) {
  const { author, task, mode, metric, value, standardError, seeds, seq, plan, engine } = message
  return {
    id: String(id),
    author: toHex(author),
    seq,
    task: { name: task.name, labels: task.labels, rows: task.rows, testRows: task.testRows },
    mode,
    metric,
    valueBillionths: value,
    standardErrorBillionths: standardError,
    seeds: [...seeds],
    plan: toHex(plan),
    engine,
    envelope: base64(envelope),
  }
}
