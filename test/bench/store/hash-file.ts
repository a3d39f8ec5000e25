import { createHash } from 'node:crypto'
import { closeSync, openSync, readSync } from 'node:fs'
import { answer, measure, readJob } from '../measure.ts'
import type { HashJob } from './jobs.ts'

// A process of its own: SHA-256 of a file by node:crypto, one thread, read and hashed by the mebibyte.

const { path } = await readJob<HashJob>()
const cost = await measure(() => {
  const hash = createHash('sha256')
  const buffer = Buffer.alloc(1_048_576)
  const file = openSync(path, 'r')
  for (let read = readSync(file, buffer); read > 0; read = readSync(file, buffer)) hash.update(buffer.subarray(0, read))
  closeSync(file)
  hash.digest()
})
answer(cost)
