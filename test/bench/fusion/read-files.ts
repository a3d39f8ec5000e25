import { hash } from 'node:crypto'
import { closeSync, openSync, readSync } from 'node:fs'
import { answer, best, readJob } from '../measure.ts'

// The yardstick of fusing from disk: one thread reads all files one after the other, and hashes the first by leaf; the best of some runs.

const { inputs } = await readJob<{ readonly inputs: readonly string[] }>()
const runs = 5
const buffer = new Uint8Array(1_048_576)

answer(
  await best(
    () => {
      for (const [index, path] of inputs.entries()) {
        const file = openSync(path, 'r')
        for (let bytes = -1; bytes !== 0; ) {
          bytes = readSync(file, buffer, 0, buffer.length, null)
          if (index === 0 && bytes > 0) hash('sha256', buffer.subarray(0, bytes), 'buffer')
        }
        closeSync(file)
      }
    },
    { runs },
  ),
)
