import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import type { CID } from 'multiformats/cid'
import { createSession, createStrangers } from '../../../src/adapters/gateway/client/session.ts'
import type { SourceFault } from '../../../src/adapters/gateway/client/source-error.ts'
import type { Libp2pNode } from '../../../src/adapters/libp2p/node.ts'
import { nullLog } from '../../../src/adapters/memory/log.ts'
import { importFile, listLeaves } from '../../../src/checkpoint/unixfs.ts'
import type { FileToReceive } from '../../../src/ports/weight-files.ts'
import {
  type FakePeer,
  fakePeer,
  MISCHIEF,
  overStreams,
  overTcp,
  type Send,
  type Served,
  type Way,
} from '../../support/gateway/liars.ts'
import { patterned } from '../adapters/content.ts'
import { link, startNode } from '../adapters/support.ts'

const MIB = 1_048_576
const STALL_MS = 400
const BYTES = 20 * MIB + 5
const bytes = patterned(BYTES, 7)

async function makeFile(): Promise<{ file: FileToReceive; served: Served }> {
  const blocks = new Map<string, { cid: CID; bytes: Uint8Array }>()
  const { cid: root } = await importFile([bytes], (cid, block) => void blocks.set(String(cid), { cid, bytes: block }))
  const get = async (cid: CID): Promise<Uint8Array> => blocks.get(String(cid))?.bytes ?? new Uint8Array()
  const { leaves } = await listLeaves(root, get, { maxBytes: BYTES })
  const served = await Promise.all(leaves.map(async ({ cid }) => ({ cid, bytes: await get(cid) })))
  return {
    file: { root, bytes: BYTES, leaves },
    served: { root, node: await get(root), leaves: served, leafBytes: MIB },
  }
}

const { file, served } = await makeFile()

/** Fetches all of it from peers by name. */
async function fetchFrom(peers: Readonly<Record<string, FakePeer>>, { signal = new AbortController().signal } = {}) {
  const target = new Uint8Array(BYTES)
  const writes: number[] = []
  const left: Record<string, SourceFault> = {}
  const askedWhenLeft: Record<string, number> = {}
  using session = createSession({
    reach: {
      open: async (peer) => {
        const found = peers[peer]
        if (found === undefined) throw new Error('unknown')
        return await found.open()
      },
      hostOf: () => null,
    },
    peers: () => Object.keys(peers),
    strangers: createStrangers(() => performance.now()),
    startAt: 0.3,
    now: () => performance.now(),
    log: nullLog,
    onLeft: (peer, fault) => {
      left[peer] = fault
      askedWhenLeft[peer] = peers[peer]?.asked ?? 0
    },
    limits: { stallMs: STALL_MS, windowMs: 1200 },
  })
  const missing = file.leaves.map((_, index) => index)
  const rest = await session.leaves({
    file,
    incoming: {
      missing,
      async write(leaf, block) {
        writes.push(leaf)
        target.set(block, leaf * MIB)
      },
    },
    signal,
    onLeaf: () => {},
  })
  return { target, writes, left, rest, askedWhenLeft }
}

const BLAME: Readonly<
  Record<
    Exclude<keyof typeof MISCHIEF, 'honest' | 'is busy at first' | 'is always busy' | 'has a part of it'>,
    SourceFault
  >
> = {
  'flips a bit': 'lied',
  'sends a block that was not asked for': 'lied',
  'sends a shorter leaf': 'lied',
  'sends the same leaf without end': 'lied',
  'sends nodes without end': 'lied',
  'announces a frame of a gigabyte': 'lied',
  'announces a length without end': 'lied',
  'sends no CAR header': 'lied',
  'sends a header of a megabyte': 'lied',
  'sends something else': 'failed',
  'sends the CAR in no order': 'failed',
  'ends too early': 'failed',
  'breaks off': 'failed',
  'falls silent': 'failed',
  'never answers': 'failed',
  'drips a byte at a time': 'failed',
  'answers 500': 'failed',
  'sends elsewhere': 'failed',
  'says that it has nothing': 'absent',
}

/** Honest, once `before` is settled or half of the time has passed after which it would count as silent. */
const honestAfter =
  (before: Promise<void>): Send =>
  async (...answer) => {
    await Promise.race([before, setTimeout(STALL_MS / 2)])
    await MISCHIEF.honest(...answer)
  }

// docs/reliability.md: faults 31-33, 36, 49, 51.
function comesWhole(peerOf: (send: Send) => Promise<FakePeer>): void {
  it('comes whole from one, and from three at once, each leaf once', async () => {
    for (const names of [['a'], ['a', 'b', 'c']]) {
      await using stack = new AsyncDisposableStack()
      const peers: Record<string, FakePeer> = {}
      for (const name of names) peers[name] = stack.use(await peerOf(MISCHIEF.honest))
      const { target, writes, left, rest } = await fetchFrom(peers)
      assert.deepEqual(rest, [])
      assert.ok(Buffer.from(target).equals(bytes))
      assert.deepEqual(
        writes.toSorted((a, b) => a - b),
        file.leaves.map((_, index) => index),
      )
      assert.deepEqual(left, {})
      for (const name of names) assert.ok((peers[name]?.asked ?? 0) > 0)
    }
  })

  for (const [name, fault] of Object.entries(BLAME)) {
    it(`comes whole when one ${name}, who alone is blamed (${fault})`, async () => {
      await using liar = await peerOf(MISCHIEF[name as keyof typeof MISCHIEF])
      // Else it might have given everything before the other one did anything.
      await using other = await peerOf(honestAfter(liar.answered))
      const { target, writes, left, rest, askedWhenLeft } = await fetchFrom({ liar, other })
      assert.deepEqual(rest, [])
      assert.ok(Buffer.from(target).equals(bytes))
      assert.equal(new Set(writes).size, file.leaves.length)
      assert.equal(writes.length, file.leaves.length, 'what was verified is not fetched again')
      assert.equal(left['other'], undefined)
      // One that is only slow or cut off may be helped out before it fails for good.
      if (fault !== 'failed') assert.equal(left['liar'], fault)
      // One request was on its way.
      if (fault === 'lied')
        assert.ok(liar.asked <= 1 + (askedWhenLeft['liar'] ?? 0), 'after a lie it is not asked again')
    })

    it(`says what is left when the only one ${name}`, async () => {
      await using liar = await peerOf(MISCHIEF[name as keyof typeof MISCHIEF])
      const { writes, left, rest } = await fetchFrom({ liar })
      assert.equal(left['liar'], fault)
      assert.ok(rest.length > 0)
      assert.deepEqual(
        [...writes, ...rest].toSorted((a, b) => a - b),
        file.leaves.map((_, index) => index),
      )
    })
  }

  it('comes from a peer that was busy at first, and is not waited for where another is free', async () => {
    await using busy = await peerOf(MISCHIEF['is busy at first'])
    assert.deepEqual((await fetchFrom({ busy })).rest, [])
    await using never = await peerOf(MISCHIEF['is always busy'])
    await using other = await peerOf(MISCHIEF.honest)
    const { left, rest } = await fetchFrom({ never, other })
    assert.deepEqual([rest, left], [[], {}])
  })

  it('comes as far as the only one has it, and whole when another has the rest', async () => {
    await using half = await peerOf(MISCHIEF['has a part of it'])
    const { rest, left } = await fetchFrom({ half })
    assert.deepEqual(
      rest,
      file.leaves.map((_, index) => index).filter((index) => index > 3),
    )
    assert.deepEqual(left, { half: 'absent' })
    await using other = await peerOf(MISCHIEF.honest)
    const both = await fetchFrom({ half, other })
    assert.deepEqual([both.rest, both.left], [[], {}])
    assert.equal(both.writes.length, file.leaves.length)
  })

  it('stops when it is told to, also while the only peer is busy', async () => {
    await using never = await peerOf(MISCHIEF['is always busy'])
    const stop = new AbortController()
    void setTimeout(200).then(() => stop.abort())
    assert.equal((await fetchFrom({ never }, { signal: stop.signal })).rest.length, file.leaves.length)
  })
}

describe('a file from peers over HTTP', () => comesWhole((send) => fakePeer(send, served, overTcp)))

describe('a file from peers over HTTP on a libp2p stream', () => {
  let nodes: readonly Libp2pNode[] = []
  let way: Way
  before(async () => {
    const [from, to] = [await startNode(), await startNode()]
    nodes = [from, to]
    await link(from, to)
    way = overStreams(from, to)
  })
  after(() => Promise.all(nodes.map((node) => node.stop())))

  comesWhole((send) => fakePeer(send, served, way))
})
