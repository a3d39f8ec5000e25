import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { CID } from 'multiformats/cid'
import { nullLog } from '../../../../../src/adapters/memory/log.ts'
import { encodeLayout } from '../../../../../src/checkpoint/layout.ts'
import { readFile as readUnixfs } from '../../../../../src/checkpoint/unixfs.ts'
import { parseRule } from '../../../../../src/fusion/rule-text.ts'
import { verifyBase } from '../../../../../src/peer/history/verify.ts'
import { createContentStore, type OpenContentStore } from '../../../../../src/peer/store/content-store.ts'
import { writeWeights } from '../../../../../src/peer/store/write-weights.ts'
import type { VerifyOptions } from '../../../../../src/peer/types.ts'
import type { ContentStore } from '../../../../../src/ports/content-store.ts'
import { isColdmeshError } from '../../../../../src/ports/errors.ts'
import { addRound, type Lie, startChain, type TestChain } from '../../../../support/history/build-chain.ts'
import { importBytes } from '../../../../support/history/checkpoints.ts'
import { temporaryDirectory } from '../../../../support/history/temporary.ts'

const LAYOUT = encodeLayout(
  [
    { name: 'ids', dtype: 'I64', shape: [4] },
    { name: 'w', dtype: 'F32', shape: [700_000] },
  ],
  { format: 'pt' },
)
const RULES = ['mean/1', 'weighted-mean/1,maxRows=50', 'clipped-mean/1', 'median/1', 'ties/1,density=0.2']
const LATE = { minContributions: 3, maxContributions: 8, maxStaleness: 2, historyRounds: 8, keepRounds: 8 }

const folder = temporaryDirectory()
let stores = 0

/** Two rounds, the second with a late input, in a store whose weights are files. */
async function build(rule: string, lie?: Lie): Promise<TestChain> {
  const start = await startChain('files', { fusion: parseRule(rule), round: LATE }, LAYOUT)
  const one = await addRound(start, { seeds: [1, 2, 3] })
  return await addRound(one, { seeds: [4, 5], late: [{ seed: 6, parent: 0 }], ...(lie && { lie }) })
}

async function keep({ store, head }: TestChain): Promise<{ store: OpenContentStore; dir: string; files: CID[] }> {
  const dir = join(folder, `blocks-${++stores}`)
  const kept = await createContentStore({ dir, node: null, log: nullLog })
  const files = new Map(
    head.history.flatMap(({ weights, inputs }) => [weights, ...inputs]).map((cid) => [String(cid), cid]),
  )
  const leaves = new Set<string>()
  for (const cid of files.values()) {
    const bytes = readUnixfs(
      cid,
      async (block) => {
        leaves.add(String(block))
        return await store.get(block)
      },
      { maxBytes: LAYOUT.totalBytes },
    )
    await writeWeights({ files: kept.files, store: kept }, LAYOUT.totalBytes, bytes)
  }
  for (const [name, block] of store.blocks) if (!leaves.has(name)) await kept.put(CID.parse(name), block)
  return { store: kept, dir, files: [...files.values()] }
}

/** The store, and how often blocks of inputs were asked for one by one. */
function counted(store: ContentStore, of: readonly CID[]): { store: ContentStore; reads: () => number } {
  const names = new Set(of.map(String))
  let reads = 0
  const get = async (cid: CID) => {
    if (names.has(String(cid))) reads += 1
    return await store.get(cid)
  }
  return { store: { ...store, get }, reads: () => reads }
}

async function verify(
  chain: TestChain,
  options: VerifyOptions & Pick<Parameters<typeof verifyBase>[0], 'store' | 'files'>,
) {
  const newest = chain.entries.at(-1)
  assert.ok(newest)
  return await verifyBase({ network: chain.network, ...newest, level: 'full', ...options })
}

describe('verifyBase of weights that are files', () => {
  for (const rule of RULES) {
    it(`fuses them with any number of threads, and asks for no block of an input: ${rule}`, async () => {
      const chain = await build(rule)
      const { store } = await keep(chain)
      const inputs = chain.head.history.flatMap((round) => round.inputs)
      const slow = counted(store, inputs)
      const expected = await verify(chain, { store: slow.store, files: null })
      assert.equal(expected.valid, true)
      assert.ok(slow.reads() >= inputs.length)
      for (const threads of [0, 1, 3]) {
        const fast = counted(store, inputs)
        const report = await verify(chain, { store: fast.store, files: store.files, threads })
        assert.deepEqual(report, expected)
        assert.equal(fast.reads(), 0, `${threads} threads`)
      }
      await store.stop()
    })
  }

  it('says the same of a wrong base as who reads block after block', async () => {
    const wrong = new Uint8Array(LAYOUT.totalBytes)
    wrong.set(LAYOUT.header)
    new DataView(wrong.buffer).setFloat32(LAYOUT.totalBytes - 4, 7.5, true)
    for (const rule of ['mean/1', 'clipped-mean/1']) {
      const honest = await build(rule)
      const cid = await importBytes(wrong, honest.store)
      const chain = await build(rule, { lineage: (lineage) => ({ ...lineage, weights: cid }) })
      for (const [name, block] of honest.store.blocks) chain.store.blocks.set(name, block)
      const { store } = await keep(chain)
      const fast = await verify(chain, { store, files: store.files, threads: 1 })
      assert.deepEqual(fast, await verify(chain, { store, files: null }))
      assert.deepEqual([fast.valid, fast.rounds[0]?.fusion], [false, 'differs'])
      assert.match(fast.failures[0]?.reason ?? '', /tensor "\w+", element \d+: the fusion gives/)
      await store.stop()
    }
  })

  it('names the block of a file in which a bit was flipped, also where that changes nothing that it fuses to', async () => {
    const chain = await build('median/1')
    const { store, dir, files } = await keep(chain)
    for (const cid of files) {
      const path = join(dir, 'files', `${cid}.safetensors`)
      const intact = await readFile(path)
      const flipped = Buffer.from(intact)
      const at = flipped.length - 3
      flipped[at] = (flipped[at] ?? 0) ^ 1
      await writeFile(path, flipped)
      const report = await verify(chain, { store, files: store.files, threads: 1 })
      assert.equal(report.valid, false)
      assert.match(report.failures[0]?.reason ?? '', /^block-(corrupt|missing)/, String(cid))
      await writeFile(path, intact)
    }
    await store.stop()
  })

  it('stops at the signal', async () => {
    const chain = await build('mean/1')
    const { store } = await keep(chain)
    const controller = new AbortController()
    const onProgress = ({ round }: { readonly round: number }) => round === 2 && controller.abort()
    await assert.rejects(verify(chain, { store, files: store.files, signal: controller.signal, onProgress }), (error) =>
      isColdmeshError(error, 'aborted'),
    )
    await store.stop()
  })
})
