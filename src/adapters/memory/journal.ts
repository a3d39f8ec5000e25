import type { Journal } from '../../ports/system.ts'

/** A journal that lives as long as this object; pass `records` to play a restart. */
export function memoryJournal(initial: readonly Uint8Array[] = []): Journal {
  let records = initial.map((record) => record.slice())
  let closed = false
  const open = (): void => {
    if (closed) throw new Error('the journal is closed')
  }
  return {
    get records() {
      return records
    },
    async append(...added) {
      open()
      records = [...records, ...added.map((record) => record.slice())]
    },
    async rewrite(replacement) {
      open()
      records = replacement.map((record) => record.slice())
    },
    async close() {
      closed = true
    },
  }
}
