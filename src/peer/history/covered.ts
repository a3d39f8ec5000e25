import { isOpenedAmendment, openRatification } from '../../../protocols/membership/rules.ts'
import { MalformedError } from '../../../protocols/wire/codec.ts'
import { sha256Text } from '../../../protocols/wire/crypto.ts'
import { nextHead } from '../../rounds/head.ts'
import { amendmentViewAt } from '../../rounds/rollback.ts'
import type { Head } from '../../rounds/state.ts'
import type { LoadedRound } from './load-round.ts'
import { readJudged } from './open-round.ts'
import type { HistoryStep } from './step.ts'

/** A round that was checked before. */
export interface CoveredRound {
  readonly round: number
  /** CID. */
  readonly base: string
  /** Name of the certificate that it had (`certificateName`). */
  readonly certificate: string | null
  /** Whether the next round could start from it. */
  readonly holds: boolean
}

/**
 * A round that was checked before, if it is this one; null: it has to be checked. Amendments say who has a say, and are
 * judged all the same.
 */
export function coveredStep(options: {
  readonly parent: Head | null
  readonly loaded: LoadedRound
  readonly before: CoveredRound
  readonly certificate: Uint8Array | null
}): HistoryStep | null {
  const { parent, loaded, before, certificate } = options
  const name = certificateName(certificate)
  const isSame = before.round === loaded.round && before.base === String(loaded.base) && before.certificate === name
  if (!isSame || parent === null) return null
  const head = before.holds ? headAfter(parent, loaded, certificate) : null
  if (before.holds && head === null) return null
  const said = { contents: null, isCertified: false, certificate: null, certificateName: name, bad: [] }
  return { loaded, network: parent.regime.current, isCovered: true, parent, head, ...said }
}

function headAfter(parent: Head, loaded: LoadedRound, certificate: Uint8Array | null): Head | null {
  const { amendment } = loaded.lineage
  if (amendment !== undefined && !isOpenedAmendment(openRatification(amendment, amendmentViewAt(parent)))) {
    return null
  }
  try {
    const opened = readJudged(loaded)
    return nextHead(parent, { base: loaded.base, opened, certificate: certificate ?? new Uint8Array() })
  } catch (error) {
    if (error instanceof MalformedError) return null
    throw error
  }
}

/** Tells certificates apart. */
export function certificateName(certificate: Uint8Array | null): string | null {
  return certificate === null ? null : sha256Text(certificate)
}
