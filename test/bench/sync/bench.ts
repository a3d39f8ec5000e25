import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { lineage as lineageDeclaration } from '../../../protocols/lineage/messages.ts'
import type { SyncBase } from '../../../protocols/sync/messages.ts'
import { verifySignature } from '../../../protocols/wire/crypto.ts'
import { createContentStore } from '../../../src/adapters/helia/content-store.ts'
import { nullLog } from '../../../src/adapters/memory/log.ts'
import { walkHistory } from '../../../src/peer/history/walk.ts'
import { addRound, startChain, type TestChain } from '../../support/history/build-chain.ts'
import { SMALL_LAYOUT } from '../../support/history/checkpoints.ts'
import { followerOf, NEIGHBOUR, sentBase } from '../../support/history/follow.ts'
import { rawSignature, testKey } from '../../support/protocols/network.ts'

/**
 * What a catch-up costs, against the signatures that it has to check anyway in the same run:
 * `node --conditions=coldmesh-source test/bench/sync/bench.ts [ROUNDS]`. Prints, asserts nothing.
 */
const rounds = Number(process.argv[2] ?? 200)
const early = Math.min(20, Math.floor(rounds / 2))
setFlagsFromString('--expose-gc')
const gc: unknown = runInNewContext('gc')

function heapBytes(): number {
  if (typeof gc === 'function') for (let i = 0; i < 3; i++) gc()
  return process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers
}

/** Rounds as they are asked for, built as they are needed: the bench holds no more of them than it has to. */
function createSource(start: TestChain) {
  let chain = start
  let buildMs = 0
  let buildCpu = 0
  let signatures = 0
  let bytes = 0
  return {
    baseOf: async (round: number): Promise<SyncBase | null> => {
      if (round > rounds) return null
      const began = performance.now()
      const cpuBegan = cpuSeconds()
      chain = await addRound({ ...chain, entries: [] }, { seeds: [2 * round + 1, 2 * round + 2] })
      const [entry] = chain.entries
      if (!entry) throw new Error('a round was added')
      const sent = await sentBase({ ...chain, entries: [entry] }, 1)
      if (!sent) throw new Error('the round is there')
      const { lists, inputs, excluded } = lineageDeclaration.decode(sent.lineage)
      const { quorum } = chain.network
      // Each once: a lineage's certificate of its parent is the one that was just checked.
      signatures += lists.length + inputs.length + excluded.length + quorum
      bytes += sent.lineage.length + sent.certificate.length
      chain.store.asked.length = 0
      for (const key of chain.store.blocks.keys()) {
        if (chain.store.blocks.size <= 64) break
        if (!kept.has(key)) chain.store.blocks.delete(key)
      }
      buildMs += performance.now() - began
      buildCpu += cpuSeconds() - cpuBegan
      return sent
    },
    get cost() {
      return { buildMs, buildCpu, signatures, bytes }
    },
  }
}

const dir = await mkdtemp(join(tmpdir(), 'coldmesh-bench-'))
const start = await startChain('bench', {}, SMALL_LAYOUT)
const kept = new Set(start.store.blocks.keys())
const source = createSource(start)
const store = await createContentStore({ dir: join(dir, 'blocks'), node: null, log: nullLog })
const disk = createStopwatch()
let atEarly = 0
const { follower, chainFile } = await followerOf(start, {
  path: join(dir, 'chain'),
  store: { ...store, put: (cid, block) => disk.during(() => store.put(cid, block)) },
  baseOf: source.baseOf,
  onFollowed: async (bases) => {
    const { round } = bases.at(-1)?.head ?? { round: 0 }
    if (atEarly === 0 && round >= early) atEarly = heapBytes()
  },
})
follower.hear(NEIGHBOUR, rounds)
const began = performance.now()
const cpuBefore = cpuSeconds()
await follower.run()
const { buildMs, buildCpu, signatures, bytes } = source.cost
const seconds = (performance.now() - began - buildMs) / 1000
const cpu = cpuSeconds() - cpuBefore - buildCpu
const grown = heapBytes() - atEarly

const key = testKey('bench')
const message = new Uint8Array(300)
const signature = rawSignature(message, key)
const checksBegan = performance.now()
const checksCpuBefore = cpuSeconds()
for (let i = 0; i < signatures; i++) verifySignature(message, signature, key.publicKey)
const checkSeconds = (performance.now() - checksBegan) / 1000
const checkCpu = cpuSeconds() - checksCpuBefore

const measured = chainFile.entries.length
const say = (what: string, value: string) => process.stdout.write(`${what.padEnd(44)} ${value}\n`)
say('rounds', String(measured))
say('bytes of lineages and certificates, a round', (bytes / measured).toFixed(0))
say('signatures, a round', (signatures / measured).toFixed(1))
say('catch-up, rounds a second', (measured / seconds).toFixed(0))
say('bare signature checks, rounds a second', (measured / checkSeconds).toFixed(0))
say('catch-up against its signature checks', `${(seconds / checkSeconds).toFixed(2)} x`)
say('the same without writing blocks', `${((seconds - disk.ms / 1000) / checkSeconds).toFixed(2)} x`)
say('heap that a round leaves behind, bytes', (grown / Math.max(1, measured - Math.min(64, measured))).toFixed(0))
say(
  'the same in processor time',
  `${(cpu / checkCpu).toFixed(2)} x, ${((1000 * cpu) / measured).toFixed(1)} ms a round`,
)
say('peak resident memory, MB', (process.resourceUsage().maxRSS / 1024).toFixed(0))

const last = chainFile.entries.at(-1)
if (last) {
  const beforeWalk = heapBytes()
  const walkBegan = performance.now()
  const { certificate, base } = last
  const walk = await walkHistory({ network: start.network, facts: null, store, base, certificate })
  let bad = 0
  for await (const step of walk.steps) bad += step.bad.length
  say('verify --level signatures, rounds a second', (walk.total / ((performance.now() - walkBegan) / 1000)).toFixed(0))
  say('bad links', `${bad}, gap: ${walk.gap === null ? 'none' : walk.gap.reason}`)
  say('heap of the verification, bytes a round', ((heapBytes() - beforeWalk) / walk.total).toFixed(0))
}
await chainFile.close()
await store.stop()
await rm(dir, { recursive: true, force: true })

/** Of this process, all threads. */
function cpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

/** Time in which at least one of several things at once was under way. */
function createStopwatch() {
  let active = 0
  let since = 0
  let ms = 0
  return {
    during: async (work: () => Promise<void>): Promise<void> => {
      if (active++ === 0) since = performance.now()
      await work()
      if (--active === 0) ms += performance.now() - since
    },
    get ms() {
      return ms
    },
  }
}
