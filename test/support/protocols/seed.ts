import type { TestContext } from 'node:test'

/** Seed of a random test: COLDMESH_TEST_SEED, or a new one each run. Printed, so that a failure can be run again. */
export function testSeed(context: TestContext): number {
  const given = Number(process.env['COLDMESH_TEST_SEED'])
  const seed = Number.isSafeInteger(given) && given > 0 ? given : Math.floor(Math.random() * 2 ** 31)
  context.diagnostic(`COLDMESH_TEST_SEED=${seed}`)
  return seed
}
