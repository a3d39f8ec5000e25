import { openJournal } from '../adapters/files/journal.ts'
import { ColdmeshError } from '../ports/errors.ts'
import { type LabRecord, recordKey, recordShape } from './records.ts'

/** The records of a lab, in a journal: a killed lab has all that it had finished. */
export interface Ledger extends AsyncDisposable {
  readonly records: readonly LabRecord[]
  has(key: string): boolean
  /** Durable when it resolves. A record of the same work takes the place of the earlier one. */
  put(record: LabRecord): Promise<void>
}

/** @throws ColdmeshError `refused` for a file that is damaged, or written by another version */
export async function openLedger(path: string): Promise<Ledger> {
  const journal = await openJournal(path)
  const records = new Map(journal.records.map((bytes) => readRecord(bytes, path)).map((one) => [recordKey(one), one]))
  return {
    get records() {
      return [...records.values()]
    },
    has: (key) => records.has(key),
    put: async (record) => {
      await journal.append(new TextEncoder().encode(JSON.stringify(record)))
      records.set(recordKey(record), record)
    },
    [Symbol.asyncDispose]: () => journal.close(),
  }
}

function readRecord(bytes: Uint8Array, path: string): LabRecord {
  const parsed = recordShape.safeParse(JSON.parse(new TextDecoder().decode(bytes)))
  if (parsed.success) return parsed.data
  throw new ColdmeshError('refused', `${path} holds a record that this version does not know.`, {
    cause: parsed.error,
    hint: 'Choose another output directory.',
  })
}
