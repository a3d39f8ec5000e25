import { readFile, stat } from 'node:fs/promises'
import { toHex } from '../../protocols/wire/bytes.ts'
import { sha256 } from '../../protocols/wire/crypto.ts'
import { writeFileAtomic } from '../adapters/files/atomic.ts'
import type { TrainingSnapshot } from '../ports/trainer.ts'

const MAGIC = 'cmsnap1\n'
const HASH_BYTES = 32
/** File = magic, SHA-256 of the rest, step (u32), length of the trainer's name (u32), the name, the trainer's bytes. */
const REST_AT = MAGIC.length + HASH_BYTES
const MAX_NAME_BYTES = 256
/** Larger ones would take longer to read and write than they save. */
export const MAX_SNAPSHOT_BYTES = 1_610_612_736

/** A snapshot that `trainer` wrote. @throws Error for one that is damaged or another's, and system errors */
export async function readSnapshot(path: string, trainer: string): Promise<TrainingSnapshot> {
  if ((await stat(path)).size > REST_AT + MAX_SNAPSHOT_BYTES) throw new Error('too large')
  const snapshot = decode(new Uint8Array(await readFile(path)))
  if (snapshot.trainer !== trainer) throw new Error(`written by ${snapshot.trainer}`)
  return snapshot
}

/** @throws ColdmeshError `refused` */
export async function writeSnapshot(path: string, snapshot: TrainingSnapshot): Promise<void> {
  await writeFileAtomic(path, encode(snapshot), { mode: 0o600 })
}

function encode({ trainer, step, bytes }: TrainingSnapshot): Uint8Array {
  const name = new TextEncoder().encode(trainer)
  const file = new Uint8Array(REST_AT + 8 + name.length + bytes.length)
  const view = new DataView(file.buffer, REST_AT)
  view.setUint32(0, step, true)
  view.setUint32(4, name.length, true)
  file.set(name, REST_AT + 8)
  file.set(bytes, REST_AT + 8 + name.length)
  file.set(new TextEncoder().encode(MAGIC))
  file.set(sha256(file.subarray(REST_AT)), MAGIC.length)
  return file
}

function decode(file: Uint8Array): TrainingSnapshot {
  const rest = file.subarray(REST_AT)
  const isWhole = toHex(sha256(rest)) === toHex(file.subarray(MAGIC.length, REST_AT))
  if (!isWhole || new TextDecoder().decode(file.subarray(0, MAGIC.length)) !== MAGIC || rest.length < 8)
    throw new Error('damaged')
  const view = new DataView(rest.buffer, rest.byteOffset, rest.byteLength)
  const nameBytes = view.getUint32(4, true)
  if (nameBytes > MAX_NAME_BYTES || 8 + nameBytes > rest.length) throw new Error('damaged')
  const trainer = new TextDecoder().decode(rest.subarray(8, 8 + nameBytes))
  return { trainer, step: view.getUint32(0, true), bytes: rest.slice(8 + nameBytes) }
}
