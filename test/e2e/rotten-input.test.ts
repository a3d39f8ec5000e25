import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { DaemonEvent } from '../support/e2e/daemon.ts'
import { createTestNetwork } from '../support/e2e/network.ts'

interface Held {
  readonly checkpoint: string
  readonly state: string
}

const heldOf = ({ contribution }: DaemonEvent) => contribution as Held

describe('a checkpoint that rots after it was fetched and checked', () => {
  it('makes another base, which is noticed: it is fetched again, and the base made anew', async () => {
    // All three must agree: without the mending no round would end.
    const round = { minContributions: 3, collectMs: 15_000, graceMs: 500, viewTimeoutMs: 3_000 }
    await using network = await createTestNetwork({ members: 3, round })
    const daemons = await network.startAll(() => ({ rounds: 1, args: ['--check-store', '0'] }))
    const [first] = daemons
    const [founder] = network.peers
    assert.ok(first && founder)
    const own = await first.event(({ event }) => event === 'announced', 'its own contribution')
    const isOthers = (event: DaemonEvent) =>
      event.event === 'contribution' && heldOf(event).state === 'held' && heldOf(event).checkpoint !== own['checkpoint']
    const { checkpoint } = heldOf(await first.event(isOthers, "another's checkpoint"))
    const path = join(founder.dataDir, 'blocks', 'files', `${checkpoint}.safetensors`)
    const bytes = await readFile(path)
    // The lowest bit of a weight: finite before and after.
    bytes[bytes.length - 4] = (bytes[bytes.length - 4] ?? 0) ^ 1
    await writeFile(path, bytes)

    const fused = await Promise.all(
      daemons.map((daemon) => daemon.event(({ event }) => event === 'fused', 'the base of round 1', 120_000)),
    )
    assert.equal(new Set(fused.map(({ base }) => base)).size, 1)
    const repaired = first.events.filter(({ event }) => event === 'repaired')
    assert.deepEqual(
      repaired.map(({ cid }) => cid),
      [checkpoint],
    )
    assert.deepEqual(
      first.events.filter(({ event }) => event === 'mismatch'),
      [],
    )
    bytes[bytes.length - 4] = (bytes[bytes.length - 4] ?? 0) ^ 1
    assert.ok(bytes.equals(await readFile(path)), 'the right bytes are back')
  })
})
