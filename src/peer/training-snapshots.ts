import { mkdir, readdir, readFile, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { toHex } from '../../protocols/wire/bytes.ts'
import { sha256 } from '../../protocols/wire/crypto.ts'
import { writeFileAtomic } from '../adapters/files/atomic.ts'
import { type Dataset, type Examples, isStored } from '../ports/dataset.ts'
import type { Log } from '../ports/system.ts'
import type { TrainingPlan, TrainingSnapshot } from '../ports/trainer.ts'
import { commitmentRow } from '../training/commitment.ts'
import { paths } from './data-dir.ts'
import type { Troubles } from './troubles.ts'

/** Which training a snapshot is of. */
export interface TrainingKey {
  readonly round: number
  readonly base: string
  readonly task: string
  readonly plan: TrainingPlan
  readonly dataset: Dataset<Examples>
}

/** Snapshots of the round's trainings, so that a killed peer goes on instead of beginning anew. */
export interface TrainingSnapshots {
  /** Null when there is none; a damaged or foreign one is deleted and logged. */
  read(key: TrainingKey, trainer: string): Promise<TrainingSnapshot | null>
  /** Never throws, and one at a time: what comes while another is being written is dropped. */
  write(key: TrainingKey, snapshot: TrainingSnapshot): Promise<void>
  /** Deletes those of all rounds but this one. */
  keepOnly(round: number): Promise<void>
  remove(key: TrainingKey): Promise<void>
}

const MAGIC = 'cmsnap1\n'
const HASH_BYTES = 32
/** File = magic, SHA-256 of the rest, step (u32), length of the trainer's name (u32), the name, the trainer's bytes. */
const REST_AT = MAGIC.length + HASH_BYTES
const MAX_NAME_BYTES = 256
/** Larger ones would take longer to read and write than they save. */
const MAX_BYTES = 1_610_612_736
const SUFFIX = '.snapshot'

export function openTrainingSnapshots(options: {
  readonly dataDir: string
  readonly log: Log
  readonly troubles: Troubles
}): TrainingSnapshots {
  const { log, troubles } = options
  const folder = paths.snapshots(options.dataDir)
  const pathOf = (key: TrainingKey) => join(folder, `${key.round}-${nameOf(key)}${SUFFIX}`)
  let writing = false

  async function forget(path: string): Promise<void> {
    await unlink(path).catch(() => {})
  }

  return {
    read: async (key, trainer) => {
      const path = pathOf(key)
      try {
        if ((await stat(path)).size > REST_AT + MAX_BYTES) throw new Error('too large')
        const snapshot = decode(new Uint8Array(await readFile(path)))
        if (snapshot.trainer !== trainer) throw new Error(`written by ${snapshot.trainer}`)
        return snapshot
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
        log.warn('snapshot-ignored', { round: key.round, error: String(error) })
        await forget(path)
        return null
      }
    },
    write: async (key, snapshot) => {
      if (writing) return
      if (snapshot.bytes.length > MAX_BYTES) {
        log.info('snapshot-too-large', { bytes: snapshot.bytes.length })
        return
      }
      writing = true
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 })
        await writeFileAtomic(pathOf(key), encode(snapshot), { mode: 0o600 })
        troubles.over('snapshot')
      } catch (error) {
        // Training goes on; only a crash would cost more.
        troubles.report('snapshot', error)
      } finally {
        writing = false
      }
    },
    keepOnly: async (round) => {
      const names = await readdir(folder).catch(() => [])
      for (const name of names) if (!name.startsWith(`${round}-`)) await forget(join(folder, name))
      if (names.length > 0) troubles.over('snapshot')
    },
    remove: (key) => forget(pathOf(key)),
  }
}

function nameOf({ round, base, task, plan, dataset }: TrainingKey): string {
  const rows = [dataset.examples, dataset.validation ?? []].map(describeRows).join('\n')
  const facts = [round, base, task, plan, dataset.labels, dataset.examples.length, textHash(rows)]
  return textHash(JSON.stringify(facts)).slice(0, 32)
}

/** Of a file, that it is the same. */
function describeRows(examples: Examples): string {
  return isStored(examples) ? JSON.stringify(examples) : examples.map(commitmentRow).join('\n')
}

const textHash = (text: string) => toHex(sha256(new TextEncoder().encode(text)))

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
