import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { toHex } from '../../../protocols/wire/bytes.ts'
import { idOf } from '../../../protocols/wire/codec.ts'
import type { Signed } from '../../../protocols/wire/envelope.ts'
import type { Verdict } from '../../../protocols/wire/verdict.ts'
import { bytesOf, judgeBytes, VECTORS, type Vector, type VectorFile } from '../../support/protocols/vectors.ts'

export type Bytes = Uint8Array | { readonly repeat: readonly [hex: string, times: number] }

/** A byte string that is wrong, and the reason that it must be given. */
export interface Wrong {
  readonly name: string
  readonly bytes: Bytes
  readonly reason: string
}

export const wrong = (name: string, reason: string, bytes: Bytes): Wrong => ({ name, bytes, reason })

const written = (bytes: Bytes) => (bytes instanceof Uint8Array ? { hex: toHex(bytes) } : { repeat: bytes.repeat })

export const acceptedObject = (name: string, bytes: Uint8Array): Vector => {
  return { name, verdict: 'accept', id: String(idOf(bytes)), ...written(bytes) }
}

export const acceptedEnvelope = (name: string, signed: Signed<unknown>): Vector => {
  return { name, verdict: 'accept', id: String(signed.id), ...written(signed.envelope) }
}

export const rejected = ({ name, bytes, reason }: Wrong): Vector => ({
  name,
  verdict: 'reject',
  reason,
  ...written(bytes),
})

/** The verdict, and the reason if any, as a vector states them. */
export const stated = (verdict: Verdict) =>
  verdict.verdict === 'accept' ? ({ verdict: 'accept' } as const) : { verdict: verdict.verdict, reason: verdict.reason }

/** Writes JSON once, one vector a line. Vectors are frozen: an existing file is never written again. */
export function freeze(path: string, content: object): void {
  const lines = Object.entries(content)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => {
      if (!Array.isArray(value)) return `  ${JSON.stringify(key)}: ${JSON.stringify(value)}`
      const items = value.map((item) => `    ${JSON.stringify(item)}`).join(',\n')
      return `  ${JSON.stringify(key)}: [\n${items}\n  ]`
    })
  const file = fileURLToPath(new URL(path, VECTORS))
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `{\n${lines.join(',\n')}\n}\n`, { flag: 'wx' })
}

/** Writes one kind's vectors, after asking the code whether it says what they say. */
export function freezeKind(path: string, file: VectorFile): void {
  for (const vector of [...file.accepted, ...file.rejected]) {
    const said = stated(judgeBytes(file, bytesOf(vector)))
    const expected = vector.verdict === 'accept' ? { verdict: 'accept' } : { verdict: 'reject', reason: vector.reason }
    if (JSON.stringify(said) !== JSON.stringify(expected)) {
      throw new Error(`${path}, ${vector.name}: ${JSON.stringify(said)} instead of ${JSON.stringify(expected)}`)
    }
  }
  freeze(path, file)
}
