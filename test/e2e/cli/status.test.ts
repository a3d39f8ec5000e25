import assert from 'node:assert/strict'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { CID } from 'multiformats/cid'
import { certify } from '../../../protocols/round/certificate.ts'
import { precommit } from '../../../protocols/round/messages.ts'
import { fromHex, parseCid } from '../../../protocols/wire/bytes.ts'
import { readKey } from '../../../src/adapters/files/key-file.ts'
import { paths } from '../../../src/peer/data-dir.ts'
import { writeSplit } from '../../../src/peer/split.ts'
import { createTestNetwork, type TestNetwork, type TestPeer } from '../../support/e2e/network.ts'
import { runCli } from '../../support/node/cli.ts'
import { sign, type TestKey, testCid } from '../../support/protocols/network.ts'

const SEEN_MS = Date.UTC(2026, 0, 2)
const QUORUM = 3

const keyOf = async ({ name, key, dataDir }: TestPeer): Promise<TestKey> => ({
  ...{ name, seed: await readKey(paths.key(dataDir)) },
  publicKey: fromHex(key) ?? new Uint8Array(),
})

/** A data directory that remembers two certified bases of round 1, and a proposal that its machine could not reproduce. */
async function remember(dir: string, network: CID, members: readonly TestKey[]): Promise<void> {
  const certified = (name: string) => {
    const base = testCid(name)
    const votes = members.map((key) => sign(precommit, { network, round: 1, view: 0, base }, key))
    return { base, certificate: certify(votes, QUORUM) }
  }
  await writeSplit(dir, { round: 1, ours: certified('ours'), theirs: certified('theirs'), seenMs: SEEN_MS })
  mkdirSync(paths.mismatches(dir), { recursive: true })
  writeFileSync(
    join(paths.mismatches(dir), 'round-1-view-0.json'),
    JSON.stringify({
      ...{ round: 1, view: 0, by: 'ben', base: String(testCid('proposed')), own: String(testCid('own')) },
      ...{ difference: { tensor: 'a.weight', index: 7, own: '1', proposed: '2' }, reason: null, seenMs: SEEN_MS },
    }),
  )
}

describe('the status of a data directory on which no daemon runs', () => {
  let network: TestNetwork
  let peer: TestPeer

  before(async () => {
    network = await createTestNetwork({ members: 4 })
    const [founder] = network.peers
    const id = parseCid(network.network)
    assert.ok(founder && id)
    peer = founder
    await remember(peer.dataDir, id, await Promise.all(network.peers.slice(0, QUORUM).map(keyOf)))
  })
  after(() => network[Symbol.asyncDispose]())

  const statusOf = async () => {
    const { code, stdout, stderr } = await runCli(['status', '--dir', peer.dataDir, '--json'])
    assert.equal(code, 0, stderr)
    return JSON.parse(stdout)
  }

  it('has the split and the mismatches that a daemon shows', async () => {
    const { running, split, mismatches } = await statusOf()
    assert.equal(running, false)
    assert.deepEqual([...split.members].sort(), ['ada', 'ben', 'cleo'])
    assert.deepEqual([split.base, split.other], [String(testCid('ours')), String(testCid('theirs'))])
    assert.deepEqual(
      mismatches.map(({ by, difference }: { by: string; difference: { tensor: string } }) => [by, difference.tensor]),
      [['ben', 'a.weight']],
    )
    const daemon = await network.start(peer)
    const online = await daemon.status()
    assert.deepEqual([online['split'], online['mismatches']], [split, mismatches])
    await daemon.stop()
  })

  it('says them in words, the split first', async () => {
    const { stdout } = await runCli(['status', '--dir', peer.dataDir])
    const lines = stdout.trimEnd().split('\n')
    assert.match(lines[0] ?? '', /^SPLIT: round 1 has two certified bases, .*both signed by .*seen 2026-01-02T/)
    assert.match(lines[1] ?? '', /^no daemon runs on /)
    assert.match(lines.at(-1) ?? '', /^mismatch: ben proposed .* in round 1, view 0/)
  })

  it('has none once people took the files away', async () => {
    rmSync(join(peer.dataDir, 'split'))
    rmSync(paths.mismatches(peer.dataDir), { recursive: true })
    const { split, mismatches } = await statusOf()
    assert.deepEqual([split, mismatches], [null, []])
  })

  it('is refused when what it remembers of a split cannot be read', async () => {
    writeFileSync(join(peer.dataDir, 'split'), 'x')
    const { code, stderr } = await runCli(['status', '--dir', peer.dataDir])
    assert.equal(code, 5)
    assert.match(stderr, /saw two certified bases of one round/)
  })
})
