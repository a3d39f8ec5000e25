import assert from 'node:assert/strict'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import type { syncBase } from '../../../../../protocols/sync/messages.ts'
import { collectGarbage } from '../../../../support/collect-garbage.ts'
import type { TestChain } from '../../../../support/history/build-chain.ts'
import { followerOf, NEIGHBOUR, sentBase } from '../../../../support/history/follow.ts'
import { longChain } from '../../../../support/history/long-chain.ts'
import { memoryStore } from '../../../../support/history/memory-store.ts'
import { temporaryDirectory } from '../../../../support/history/temporary.ts'

const ROUNDS = 40
/** A page that is being checked, and the heads that the pipeline looks back at. */
const MAX_HELD = 8

describe('a follower', () => {
  const dir = temporaryDirectory()
  let chain: TestChain

  before(async () => {
    chain = await longChain(ROUNDS)
  })

  // docs/reliability.md: fault 41 (constant memory): the number of rounds does not matter, what stays is the chain's entry.
  it('holds nothing of the rounds behind it but the entries of the chain', async () => {
    const sent: WeakRef<object>[] = []
    const followed: WeakRef<object>[] = []
    const { follower, chainFile, head } = await followerOf(chain, {
      path: join(dir, 'constant'),
      store: { ...memoryStore(), put: async () => {} },
      onSent: (base) => sent.push(new WeakRef(base.lineage)),
      onFollowed: async (bases) => void followed.push(...bases.map((base) => new WeakRef(base))),
    })
    follower.hear(NEIGHBOUR, ROUNDS)
    await follower.run()
    assert.equal(head().round, ROUNDS)
    assert.equal(chainFile.entries.length, ROUNDS)
    for (let i = 0; i < 5; i++) {
      await collectGarbage()
    }
    const alive = (refs: readonly WeakRef<object>[]) => refs.filter((ref) => ref.deref() !== undefined).length
    assert.deepEqual([sent.length, followed.length], [ROUNDS, ROUNDS])
    assert.ok(alive(sent) <= MAX_HELD, `${alive(sent)} lineages are held`)
    assert.ok(alive(followed) <= MAX_HELD, `${alive(followed)} bases are held`)
    await chainFile.close()
  })

  it('writes the record of each base as its makers did, without fetching any of it', async () => {
    const store = memoryStore()
    const { follower, chainFile } = await followerOf(chain, { path: join(dir, 'records'), store })
    follower.hear(NEIGHBOUR, ROUNDS)
    await follower.run()
    for (const { base } of chain.entries) {
      assert.deepEqual(await store.get(base), await chain.store.get(base))
    }
    assert.equal(store.blocks.size, 3 * ROUNDS)
    await chainFile.close()
  })

  it('refuses each kind of lie in the middle by the round, and keeps what came before', async () => {
    const lies: readonly (readonly [string, RegExp, (base: Sent) => Promise<Sent>])[] = [
      ['certificate', /certificate-bad-signature/, async (base) => ({ ...base, certificate: flip(base.certificate) })],
      [
        'another certificate',
        /certificate-wrong-round/,
        async (base) => ({ ...base, certificate: (await at(8)).certificate }),
      ],
      ['base', /certificate-wrong-base/, async (base) => ({ ...base, base: (await at(8)).base })],
      ['lineage', /does not hold: lineage/, async (base) => ({ ...base, lineage: (await at(8)).lineage })],
      ['a list in the lineage', /does not hold: /, async (base) => ({ ...base, lineage: flip(base.lineage, 700) })],
    ]
    for (const [name, reason, lie] of lies) {
      const errors: unknown[] = []
      const { follower, chainFile } = await followerOf(chain, {
        path: join(dir, name),
        store: memoryStore(),
        baseOf: async (round) => (round === 7 ? await lie(await at(7)) : await sentBase(chain, round)),
        onError: (error) => errors.push(error),
      })
      follower.hear(NEIGHBOUR, ROUNDS)
      await follower.run()
      assert.match(String(errors[0]), /The base of round 7 /, name)
      assert.match(String(errors[0]), reason, name)
      assert.equal(chainFile.entries.length, 6, name)
      await follower.run()
      assert.equal(errors.length, 1, 'left alone for a while')
      await chainFile.close()
    }
  })

  type Sent = ReturnType<typeof syncBase.decode>

  async function at(round: number): Promise<Sent> {
    const base = await sentBase(chain, round)
    assert.ok(base)
    return base
  }
})

function flip(bytes: Uint8Array, index = bytes.length - 1): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy[index] = (copy[index] ?? 0) ^ 1
  return copy
}
