/**
 * Gives memory back that nobody holds any more. V8 does so when more is wanted, which a peer that only waits and votes may not do for hours after it
 * let go of a model. Only where the process has `--expose-gc`, as a `coldmesh` has; elsewhere nothing happens.
 */
export async function releaseMemory(): Promise<void> {
  await globalThis.gc?.({ execution: 'async', type: 'major' })
}
