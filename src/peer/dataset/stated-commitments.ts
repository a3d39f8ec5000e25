import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Contribution, contribution } from '../../../protocols/contribution/messages.ts'
import { decodeLineage } from '../../../protocols/lineage/rules.ts'
import { toHex } from '../../../protocols/wire/bytes.ts'
import { decodeCanonical, MalformedError } from '../../../protocols/wire/codec.ts'
import { isSigned, openEnvelope, type Signed } from '../../../protocols/wire/envelope.ts'
import { ENVELOPE_OVERHEAD_BYTES, MAX_CONTRIBUTION_BYTES, MAX_LINEAGE_BYTES } from '../../../protocols/wire/limits.ts'
import { readAtMost } from '../../adapters/files/read-at-most.ts'
import { LINEAGE_NAME } from '../../checkpoint/base.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import { isArchiveFile } from '../archive/archive-file.ts'
import { openExported } from '../open-exported.ts'
import type { StatedCommitment } from './types.ts'

/**
 * The commitments to data that a file states, each under the valid signature of its author: of one contribution, of every input of a base's
 * `lineage.cbor`, or of every input of all rounds of an archive. Whether that base is one of its network is for `verifyDirectory` and
 * `verifyArchive` to say.
 *
 * @param path envelope of a `contribution/1`, a `lineage.cbor`, a base's directory, or an archive
 * @throws ColdmeshError `bad-input` for another file, `not-valid` for a signature that does not hold
 */
export async function readCommitments(path: string): Promise<readonly StatedCommitment[]> {
  if (await isArchive(path)) return await readArchived(path)
  const bytes = await readWhole(path)
  if (bytes === null) throw unknown(path, 'it is longer than the first two')
  const envelopes = envelopesOf(bytes)
  if (envelopes === null) throw unknown(path, 'it is none of them')
  return envelopes.map(({ envelope, network, round }) => {
    const opened = openEnvelope<Contribution>(envelope, [contribution], network)
    if (isSigned(opened)) return statedBy(opened, round)
    throw new ColdmeshError('not-valid', `A contribution in ${path} does not hold: ${opened.reason}.`, {
      facts: { path, reason: opened.reason },
      hint: 'Ask for the file again, from somebody else.',
    })
  })
}

async function isArchive(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isFile() === true && (await isArchiveFile(path))
}

/** Newest round first. */
async function readArchived(path: string): Promise<readonly StatedCommitment[]> {
  await using opened = await openExported(path)
  const { network } = opened
  const found: StatedCommitment[] = []
  for await (const { round, inputs } of opened.log()) {
    for (const { id, commitment: root, rows, author, task, dataset } of inputs) {
      found.push({ root, rows, contribution: id, author, network, round, task, dataset })
    }
  }
  return found
}

function statedBy({ id, message }: Signed<Contribution>, round: number | null): StatedCommitment {
  const { author, network, dataset } = message
  return {
    root: toHex(dataset.commitment),
    rows: dataset.rows,
    contribution: String(id),
    author: toHex(author),
    network: String(network),
    round: round ?? message.round,
    task: dataset.task,
    dataset: dataset.name,
  }
}

/** Null for bytes that are neither a contribution's envelope nor a lineage. */
function envelopesOf(bytes: Uint8Array) {
  try {
    const value = decodeCanonical(bytes, MAX_LINEAGE_BYTES)
    if (typeof value !== 'object' || value === null) return null
    if ('payload' in value) {
      if (bytes.length > MAX_CONTRIBUTION_BYTES + ENVELOPE_OVERHEAD_BYTES) return null
      if (!(value.payload instanceof Uint8Array)) return null
      return [{ envelope: bytes, network: contribution.decode(value.payload).network, round: null }]
    }
    const { network, round, inputs } = decodeLineage(bytes)
    return inputs.map((envelope) => ({ envelope, network, round }))
  } catch (error) {
    if (error instanceof MalformedError) return null
    throw error
  }
}

/** Null when it is longer than a lineage may be. */
async function readWhole(path: string): Promise<Uint8Array | null> {
  const isDirectory = (await stat(path).catch(() => null))?.isDirectory() === true
  const bytes = await readAtMost(isDirectory ? join(path, LINEAGE_NAME) : path, {
    maxBytes: MAX_LINEAGE_BYTES,
    hint: HINT,
  })
  if (bytes === null) throw unknown(path, 'it is not there')
  return bytes.length > MAX_LINEAGE_BYTES ? null : bytes
}

const HINT = 'Name the lineage.cbor of a base, its directory, an archive, or the CID of a contribution with --dir.'

function unknown(path: string, why: string): ColdmeshError {
  return new ColdmeshError('bad-input', `${path} is no contribution, lineage or archive: ${why}.`, {
    facts: { path },
    hint: HINT,
  })
}
