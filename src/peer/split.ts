import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CID } from 'multiformats/cid'
import { type Certificate, certificate as certificateDeclaration, precommit } from '../../protocols/round/messages.ts'
import type { RoundMessage } from '../../protocols/round/rules.ts'
import { equalBytes, toHex } from '../../protocols/wire/bytes.ts'
import { decodeCanonical, encodeCanonical, idOf } from '../../protocols/wire/codec.ts'
import { encodeEnvelope, type Signed } from '../../protocols/wire/envelope.ts'
import { bytes, directoryCid, record, uint } from '../../protocols/wire/fields.ts'
import { MAX_CERTIFICATE_BYTES } from '../../protocols/wire/limits.ts'
import { writeFileAtomic } from '../adapters/files/atomic.ts'
import { ColdmeshError } from '../ports/errors.ts'
import type { FactsAt } from './evidence-book.ts'
import type { SplitStatus } from './split-types.ts'

/** A certified base, as a chain or a peer states it. */
export interface Certified {
  readonly base: CID
  readonly certificate: Uint8Array
}

/** Two certified bases of one round: more members lied than the quorum allows for. */
export interface Split {
  readonly round: number
  readonly ours: Certified
  readonly theirs: Certified
  /** Wall-clock time at which it was found. */
  readonly seenMs: number
}

const certified = record({ base: directoryCid(), certificate: bytes({ atMost: MAX_CERTIFICATE_BYTES }) })
const splitFields = record({ round: uint({ min: 1 }), ours: certified, theirs: certified, seenMs: uint() })
const MAX_SPLIT_BYTES = 2 * MAX_CERTIFICATE_BYTES + 1024
const pathIn = (dataDir: string) => join(dataDir, 'split')

/** @throws ColdmeshError `refused` when the disk refuses */
export async function writeSplit(dataDir: string, split: Split): Promise<void> {
  await writeFileAtomic(pathIn(dataDir), encodeCanonical(split))
}

/**
 * The split that a data directory remembers: null when none was seen, or people took the file away.
 * @throws ColdmeshError `refused` when the file is damaged: a peer that saw a split must not forget it
 */
export async function readSplit(dataDir: string): Promise<Split | null> {
  const path = pathIn(dataDir)
  try {
    return splitFields.read(decodeCanonical(new Uint8Array(await readFile(path)), MAX_SPLIT_BYTES), 'split')
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return null
    throw new ColdmeshError('refused', `${path} cannot be read: this peer saw two certified bases of one round.`, {
      hint: 'Read docs/operating.md, "A split", before you delete it.',
      cause,
    })
  }
}

/** As people see it: `members` signed both certificates. */
export function splitStatus({ round, ours, theirs, seenMs }: Split, factsAt: FactsAt): SplitStatus {
  const [a, b] = [readCertificate(ours), readCertificate(theirs)]
  const both = a.signatures.filter(({ author }) => b.signatures.some((other) => equalBytes(other.author, author)))
  const nameOf = factsAt(round)?.nameOf ?? ((key: Uint8Array) => toHex(key).slice(0, 8))
  return {
    round,
    base: String(ours.base),
    other: String(theirs.base),
    members: both.map(({ author }) => nameOf(author)),
    seenMs,
  }
}

/** Why a peer that saw it signs nothing any more. */
export function reasonOfSplit({ round }: Pick<Split, 'round'>): string {
  return `two certified bases of round ${round}: the committee has split, and people must decide`
}

/** Precommits of members that certified both bases in one view: evidence against them. */
export function contradictionsOf({
  ours,
  theirs,
}: Split): readonly (readonly [Signed<RoundMessage>, Signed<RoundMessage>])[] {
  const [a, b] = [readCertificate(ours), readCertificate(theirs)]
  if (a.view !== b.view) return []
  return a.signatures.flatMap(({ author, signature }) => {
    const other = b.signatures.find((one) => equalBytes(one.author, author))
    return other === undefined
      ? []
      : [[precommitOf(a, author, signature), precommitOf(b, author, other.signature)] as const]
  })
}

const readCertificate = ({ certificate }: Certified) => certificateDeclaration.decode(certificate)

function precommitOf(
  { network, round, view, base }: Certificate,
  author: Uint8Array,
  signature: Uint8Array,
): Signed<RoundMessage> {
  const payload = precommit.encode({ network, author, round, view, base })
  return {
    message: precommit.decode(payload),
    id: idOf(payload),
    payload,
    signature,
    envelope: encodeEnvelope(payload, signature),
  }
}
