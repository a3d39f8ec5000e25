import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { VerifyLevel } from '../../../src/peer/types.ts'
import { verdictOf } from './verdict.ts'

/** Answers jobs from stdin, a line of JSON each, as `verify.py --mutations -` does: the other half of `check.py`. */

interface Job {
  readonly file: string
  readonly level: VerifyLevel
  /** CID of a genesis. */
  readonly trust?: string
  /** Keys of members, in hex. */
  readonly keys?: readonly string[]
  /** At level `sample`: a seed in hex and a number of leaves. */
  readonly sample?: readonly [string, number]
  /** Bytes that the file is cut to, before anything else. */
  readonly length?: number
  /** Offset, bytes removed there, and hex of what is put in their place; offsets are of the file as it is. */
  readonly edits?: readonly (readonly [number, number, string])[]
}

const files = new Map<string, Uint8Array>()

function changed({ file, length, edits = [] }: Job): Uint8Array {
  const whole = files.get(file) ?? new Uint8Array(readFileSync(file))
  files.set(file, whole)
  const parts: Uint8Array[] = []
  let from = 0
  for (const [offset, removed, hex] of [...edits].sort(([a], [b]) => a - b)) {
    parts.push(whole.subarray(from, offset), Buffer.from(hex, 'hex'))
    from = offset + removed
  }
  return new Uint8Array(Buffer.concat([...parts, whole.subarray(from, length)]))
}

for await (const line of createInterface({ input: process.stdin })) {
  const job: Job = JSON.parse(line)
  try {
    process.stdout.write(`${JSON.stringify(await verdictOf(changed(job), job))}\n`)
  } catch (error) {
    process.stdout.write(`${JSON.stringify({ crash: error instanceof Error ? error.stack : String(error) })}\n`)
  }
}
