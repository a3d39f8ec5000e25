import { open } from 'node:fs/promises'
import type { CID } from 'multiformats/cid'
import { LEAF_BYTES } from '../../checkpoint/leaves.ts'
import { diskRefusal } from '../../ports/disk-refusal.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import { refusalOf } from './failures.ts'
import { DEFAULT_CALL_MS, MIN_ADD_BYTES_PER_MS } from './limits.ts'
import type { KuboRpc } from './rpc.ts'
import { isRecord } from './shapes.ts'

/** The profile unixfs-v1-2025, whatever the node's own settings are. */
const PROFILE = {
  'cid-version': '1',
  'raw-leaves': true,
  chunker: 'size-1048576',
  'max-file-links': '1024',
  progress: false,
  quieter: true,
}

export interface FileToAdd {
  readonly path: string
  readonly root: CID
  readonly bytes: number
  readonly pinName: string
}

/**
 * Adds a file, streamed from the disk, under one pin.
 * @throws ColdmeshError `refused`: Kubo's disk, or it computed another CID
 */
export async function addFile(rpc: KuboRpc, { path, root, bytes, pinName }: FileToAdd): Promise<void> {
  let unreadable: unknown
  async function* content(): AsyncGenerator<Uint8Array> {
    try {
      await using file = await open(path, 'r')
      yield* file.createReadStream({ highWaterMark: LEAF_BYTES })
    } catch (error) {
      unreadable = error
      throw error
    }
  }
  const timeoutMs = DEFAULT_CALL_MS + Math.ceil(bytes / MIN_ADD_BYTES_PER_MS)
  const answer = await rpc
    .call('add', { ...PROFILE, pin: true, 'pin-name': pinName }, { body: content(), timeoutMs })
    .catch((error: unknown) => {
      if (unreadable !== undefined) throw diskRefusal(unreadable, 'read a file of weights', path)
      throw refusalOf(error, 'add a file of weights')
    })
  const value: unknown = JSON.parse(new TextDecoder().decode(answer))
  const added = isRecord(value) ? String(value['Hash']) : 'nothing'
  if (added === String(root)) return
  throw new ColdmeshError('refused', `Kubo added a file of weights as ${added}, which is ${root}.`, {
    facts: { added, root: String(root) },
    hint: 'Use a Kubo that knows the profile unixfs-v1-2025, and check its disk.',
  })
}
