import { createHash } from 'node:crypto'
import { createSigner } from '../adapters/system/signer.ts'
import type { Signer } from '../ports/system.ts'
import { createRandom } from '../training/random.ts'

/** A seed of its own for each thing that is drawn in a run: equal plans give equal seeds, and no two things share one. */
export function seedFor(run: number, ...names: readonly (string | number)[]): number {
  return createRandom(run, names.join('/')).uint32()
}

/** The key of somebody who exists in a lab only. Anybody can make it again: never a key for a real network. */
export function labSigner(run: number, name: string): Signer {
  return createSigner(new Uint8Array(createHash('sha256').update(`coldmesh/lab/key/1 ${run} ${name}`).digest()))
}
