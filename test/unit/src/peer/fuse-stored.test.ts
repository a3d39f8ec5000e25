import assert from 'node:assert/strict'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { describe, it } from 'node:test'
import { nullLog } from '../../../../src/adapters/memory/log.ts'
import { encodeLayout } from '../../../../src/checkpoint/layout.ts'
import { importFile, LEAF_BYTES } from '../../../../src/checkpoint/unixfs.ts'
import { fuseStored } from '../../../../src/peer/fuse-stored.ts'
import { createContentStore } from '../../../../src/peer/store/content-store.ts'
import { temporaryDirectory } from '../../../net/adapters/support.ts'

/** Input in all, in MB; a gigabyte: COLDMESH_FUSE_MB=1000, which also prints what it measured. */
const INPUT_MB = Number(process.env['COLDMESH_FUSE_MB'] ?? 24)
const IS_LARGE = process.env['COLDMESH_FUSE_MB'] !== undefined
const INPUTS = 3
const MAX_TURN_MS = 200
const elements = Math.floor((INPUT_MB * 1e6) / INPUTS / 4)
const layout = encodeLayout([{ name: 'w', dtype: 'F32', shape: [elements] }])

/** CPU time of this thread in each turn of the event loop: on a busy machine the clock would measure others. */
function countTurns() {
  const turnsMs: number[] = []
  let last = process.threadCpuUsage()
  let isOver = false
  const turn = (): void => {
    if (isOver) return
    const { user, system } = process.threadCpuUsage(last)
    turnsMs.push((user + system) / 1000)
    last = process.threadCpuUsage()
    setImmediate(turn)
  }
  setImmediate(turn)
  return {
    stop: () => {
      isOver = true
      return turnsMs.sort((a, b) => a - b)
    },
  }
}

/** Leaf by leaf: a checkpoint need not fit in memory. */
function* checkpoint(seed: number): Generator<Uint8Array> {
  const header = layout.header
  yield header
  for (let at = layout.dataStart; at < layout.totalBytes; at += LEAF_BYTES) {
    const floats = new Float32Array(Math.min(LEAF_BYTES, layout.totalBytes - at) / 4).fill(seed + at / 1e9)
    yield new Uint8Array(floats.buffer)
  }
}

describe('fuseStored', () => {
  // Fault 90.
  it(`lets the event loop turn while it averages ${INPUT_MB} MB`, async () => {
    await using directory = await temporaryDirectory()
    // Without a disk to wait for, nothing but `fuseStored` itself lets the loop turn.
    const dir = IS_LARGE ? directory.path : null
    await using store = await createContentStore({ dir, node: null, log: nullLog })
    const cids = []
    for (let seed = 0; seed <= INPUTS; seed++) {
      cids.push((await importFile(checkpoint(seed), (cid, block) => store.put(cid, block).then(() => {}))).cid)
    }
    const [base, ...inputs] = cids
    assert.ok(base)
    const delay = monitorEventLoopDelay({ resolution: 5 })
    delay.enable()
    const turns = countTurns()
    const startedMs = performance.now()
    await fuseStored({ rule: 'mean/1', params: {}, layout, base, inputs, store })
    const turnsMs = turns.stop()
    delay.disable()
    const ofTurns = (share: number) => turnsMs[Math.ceil(turnsMs.length * share) - 1] ?? Number.POSITIVE_INFINITY
    if (IS_LARGE) {
      const seconds = (performance.now() - startedMs) / 1000
      const byClock = `delay by the clock: p99 ${(delay.percentile(99) / 1e6).toFixed(0)} ms, most ${(delay.max / 1e6).toFixed(0)} ms`
      const byCpu = `CPU of a turn: p99 ${ofTurns(0.99).toFixed(1)} ms, most ${ofTurns(1).toFixed(1)} ms`
      console.log(`${seconds.toFixed(1)} s, ${turnsMs.length} turns; ${byCpu}; ${byClock}`)
    }
    assert.ok(turnsMs.length >= layout.totalBytes / LEAF_BYTES, `${turnsMs.length} turns`)
    assert.ok(ofTurns(1) < MAX_TURN_MS, `a turn of ${ofTurns(1)} ms`)
  })
})
