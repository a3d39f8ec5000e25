import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { CID } from 'multiformats/cid'
import { openBlockStore } from '../../../src/adapters/blocks/open-block-store.ts'
import { startGateway } from '../../../src/adapters/gateway/server.ts'
import { nullLog } from '../../../src/adapters/memory/log.ts'
import { importFile, LEAF_BYTES, listLeaves } from '../../../src/checkpoint/unixfs.ts'
import { startProcess } from '../../support/e2e/process.ts'
import { patterned } from '../adapters/content.ts'
import { MIB } from '../adapters/party.ts'
import { addressOf, startNode, temporaryDirectory } from '../adapters/support.ts'

const LEAVES = 20
const bytes = patterned((LEAVES - 1) * MIB + 7, 11)
const TAKER = join(import.meta.dirname, 'killed-taker.ts')
const HTTP = '/http/1.1'

/** A peer that serves the file by the gateway protocol alone, and counts what it gives. */
async function countingPeer(listen: readonly { readonly host: string; readonly port: number }[]) {
  await using stack = new AsyncDisposableStack()
  const { local } = stack.use(await openBlockStore(null))
  const { cid: root } = await importFile([bytes], local.put)
  const { leaves } = await listLeaves(root, local.get, { maxBytes: bytes.length })
  let given: string[] = []
  const get = async (cid: CID): Promise<Uint8Array> => {
    given.push(String(cid))
    return await local.get(cid)
  }
  const node = await startNode()
  stack.defer(() => node.stop())
  const gateway = stack.use(
    await startGateway({ blocks: { has: local.has, get }, files: null, listen, log: nullLog, maxUpload: 12 * MIB }),
  )
  await node.byteStreams.accept(HTTP, (stream, peer) => gateway.attach(stream, peer), { maxStreams: 16 })
  const resources = stack.move()
  return {
    ...{ root, leaves, address: addressOf(node) },
    /** Leaves that were given since the last call. */
    takeGiven(): readonly number[] {
      const names = leaves.map(({ cid }) => String(cid))
      const found = given.map((name) => names.indexOf(name)).filter((leaf) => leaf >= 0)
      given = []
      return found
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

/** Which leaves lie in a file that is on its way. */
async function leavesIn(path: string, leaves: readonly { readonly cid: CID }[]): Promise<readonly number[]> {
  const file = await readFile(path)
  return [...leaves.keys()].filter((leaf) => {
    const digest = hash('sha256', file.subarray(leaf * LEAF_BYTES, (leaf + 1) * LEAF_BYTES), 'buffer')
    return digest.equals(leaves[leaf]?.cid.multihash.digest ?? Buffer.of())
  })
}

// docs/reliability.md: fault 49, by a process that is killed (-9).
for (const [way, listen] of [
  ['http', [{ host: '127.0.0.1', port: 0 }]],
  ['stream', []],
] as const) {
  describe(`a fetch that is killed (${way})`, () => {
    it('goes on where it was: no leaf that is on the disk is fetched again', async () => {
      await using directory = await temporaryDirectory()
      await using peer = await countingPeer(listen)
      const args = [TAKER, directory.path, peer.address, String(peer.root), String(bytes.length)]
      const start = () => startProcess(process.execPath, ['--conditions=coldmesh-source', ...args])
      const part = join(directory.path, 'files', 'incoming', String(peer.root))
      const taker = start()
      await taker.line(/^9$/, 30_000)
      taker.kill()
      await taker.ended
      // One line is the node above the leaves.
      const said = taker.lines.length - 1
      const here = await leavesIn(part, peer.leaves)
      assert.ok(here.length >= said, `${here.length} of ${said} leaves are on the disk`)
      assert.ok(here.length < LEAVES, 'killed too late')
      peer.takeGiven()
      const last = start()
      await last.line(/^done/, 30_000)
      assert.equal(await last.ended, 0)
      assert.equal(last.lines.at(-1), `done ${way}`)
      const given = peer.takeGiven()
      assert.deepEqual(
        given.toSorted((a, b) => a - b),
        [...peer.leaves.keys()].filter((leaf) => !here.includes(leaf)),
        'just what was missing, once',
      )
      const file = await readFile(join(directory.path, 'files', `${peer.root}.safetensors`))
      assert.ok(file.equals(bytes))
    })
  })
}
