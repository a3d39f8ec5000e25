import { hash } from 'node:crypto'
import { closeSync, openSync, readSync } from 'node:fs'
import { answer, measure, readJob } from '../measure.ts'

// The yardstick of fusing from disk: one thread reads all files one after the other, and hashes the first by leaf.

const { inputs } = await readJob<{ readonly inputs: readonly string[] }>()
const buffer = new Uint8Array(1_048_576)

answer(
  await measure(() => {
    for (const [index, path] of inputs.entries()) {
      const file = openSync(path, 'r')
      for (let bytes = -1; bytes !== 0; ) {
        bytes = readSync(file, buffer, 0, buffer.length, null)
        if (index === 0 && bytes > 0) hash('sha256', buffer.subarray(0, bytes), 'buffer')
      }
      closeSync(file)
    }
  }),
)
