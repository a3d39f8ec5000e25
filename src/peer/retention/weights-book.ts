import { decodeCanonical, encodeCanonical, MalformedError } from '../../../protocols/wire/codec.ts'
import { fileCid, record, uint } from '../../../protocols/wire/fields.ts'
import type { Journal } from '../../ports/system.ts'
import type { RoundWeights } from './needed-weights.ts'

/** Which weights came here for which round, the refused and the unused too: what is not in it, no sweep deletes. */
export interface WeightsBook {
  readonly entries: readonly RoundWeights[]
  /** On the disk when it resolves, which should be before the bytes are. Weights of two rounds are of the later. */
  note(...added: readonly RoundWeights[]): Promise<void>
  /** Unless they were noted for a later round meanwhile. */
  forget(gone: readonly RoundWeights[]): Promise<void>
}

const fields = record({ round: uint(), weights: fileCid() })
const MAX_RECORD_BYTES = 256

export function openWeightsBook(journal: Journal): WeightsBook {
  const noted = new Map<string, RoundWeights>()
  for (const bytes of journal.records) add(read(bytes))

  function add(entries: readonly RoundWeights[]): void {
    for (const entry of entries) {
      const known = noted.get(String(entry.weights))
      if (known === undefined || known.round < entry.round) noted.set(String(entry.weights), entry)
    }
  }

  let last: Promise<void> = Promise.resolve()
  function inTurn(work: () => Promise<void>): Promise<void> {
    const result = last.then(work)
    last = result.catch(() => {})
    return result
  }

  return {
    get entries() {
      return [...noted.values()]
    },
    note: (...added) =>
      inTurn(async () => {
        const fresh = added.filter(({ round, weights }) => round > (noted.get(String(weights))?.round ?? -1))
        if (fresh.length === 0) return
        await journal.append(...fresh.map(encode))
        add(fresh)
      }),
    forget: (gone) =>
      inTurn(async () => {
        const old = gone.filter(({ round, weights }) => noted.get(String(weights))?.round === round)
        if (old.length === 0) return
        const without = new Map(noted)
        for (const { weights } of old) without.delete(String(weights))
        await journal.rewrite([...without.values()].map(encode))
        for (const { weights } of old) noted.delete(String(weights))
      }),
  }
}

function encode(entry: RoundWeights): Uint8Array {
  return encodeCanonical({ ...entry })
}

function read(bytes: Uint8Array): readonly RoundWeights[] {
  try {
    return [fields.read(decodeCanonical(bytes, MAX_RECORD_BYTES), 'weights of a round')]
  } catch (error) {
    if (error instanceof MalformedError) return []
    throw error
  }
}
