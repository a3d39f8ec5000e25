import { hash } from 'node:crypto'
import { DIGEST_BYTES, LEAF_BYTES, leafBytes, leafCount } from '../../checkpoint/leaves.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import { type Job, NOTHING, type Work } from './job.ts'
import { readWhole } from './read-whole.ts'

/** SHA-256 of each leaf of each input, all of one length. */
export function createDigester({ layout, files, digests }: Job & { kind: 'digest' }): Work {
  const bytes = layout.totalBytes
  const leaves = leafCount(bytes)
  const into = new Uint8Array(digests)
  const buffer = new Uint8Array(LEAF_BYTES)
  return {
    units: files.inputs.length * leaves,
    run(unit) {
      const leaf = unit % leaves
      const block = buffer.subarray(0, leafBytes({ bytes }, leaf))
      const file = files.inputs[Math.floor(unit / leaves)] ?? -1
      if (!readWhole(file, block, leaf * LEAF_BYTES)) {
        throw new ColdmeshError('bad-checkpoint', 'A file became shorter while it was read.')
      }
      into.set(hash('sha256', block, 'buffer'), unit * DIGEST_BYTES)
    },
    end: () => NOTHING,
  }
}
