import assert from 'node:assert/strict'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { initDataDir } from 'coldmesh'
import { parseInvite } from '../../protocols/membership/invite.ts'
import { voucher } from '../../protocols/membership/messages.ts'
import { parseCid, toHex } from '../../protocols/wire/bytes.ts'
import { rawCid } from '../../src/checkpoint/cid.ts'
import type { Daemon } from '../support/e2e/daemon.ts'
import { newKey, signPayload, stateContribution } from '../support/e2e/liar/contribution.ts'
import { type LiarNode, startLiarNode } from '../support/e2e/liar/node.ts'
import { createTestNetwork, type TestNetwork } from '../support/e2e/network.ts'
import { runCli } from '../support/node/cli.ts'

const PLAN = ['--steps', '4', '--batch', '8', '--learning-rate', '0.001', '--max-tokens', '16', '--threads', '1']
const LOOPBACK = ['--listen', '/ip4/127.0.0.1/tcp/0', '--no-mdns', '--no-dht']

const CHECKPOINT = rawCid(Uint8Array.of(1))

// Three real daemons whose network takes contributions of strangers only with a member's voucher, and a liar beside them.
describe('a network of vouched contributors', () => {
  let network: TestNetwork
  let daemons: readonly Daemon[]
  let ada: Daemon
  let members: readonly string[]
  let liar: LiarNode
  let invite: string
  let stranger: { readonly dir: string; readonly key: string }
  let base: string
  let shortLived: Uint8Array
  /** Of every checkpoint of this network. */
  let bytes: number
  const author = newKey()

  before(async () => {
    const round = { minContributions: 2, collectMs: 500, graceMs: 1_500, viewTimeoutMs: 10_000 }
    network = await createTestNetwork({ members: 3, contributors: 'vouched', round })
    daemons = await network.startAll(() => ({ args: ['--threads', '1'] }))
    const [first] = daemons
    assert.ok(first)
    ada = first
    invite = String((await ada.status())['invite'])
    const all = await Promise.all(daemons.map((daemon) => daemon.status()))
    members = all.flatMap(({ multiaddrs }) => (Array.isArray(multiaddrs) ? multiaddrs.map(String) : []))
    liar = await startLiarNode({ invite, members })
    bytes = (await stat(join(network.dir, 'base', 'model.safetensors'))).size
    const dir = join(network.dir, 'stranger')
    stranger = { dir, key: (await initDataDir(dir)).key }
  })

  after(async () => {
    await liar?.[Symbol.asyncDispose]()
    await network?.[Symbol.asyncDispose]()
  })

  const joinAsStranger = (by: string) => {
    const data = network.peers[1]?.data ?? ''
    const columns = ['--text', 'text', '--label', 'label', '--task', 'letters']
    return runCli(['join', by, '--dir', stranger.dir, '--data', data, ...columns, ...PLAN, ...LOOPBACK, '--json'])
  }
  const vouchFor = async (key: string, rounds: number) => {
    const { voucher: envelope } = parseInvite(String((await ada.ask('/v1/invite', { for: key, rounds }))['invite']))
    assert.ok(envelope)
    return envelope
  }
  /** What every member says of a contribution by the liar with this voucher. */
  async function refusals(parent: string, round: number, envelope: Uint8Array | null): Promise<ReadonlySet<unknown>> {
    const base = parseCid(parent)
    assert.ok(base)
    const fields = { network: liar.network, round, parent: base, checkpoint: CHECKPOINT, bytes }
    const vouched = envelope === null ? fields : { ...fields, voucher: envelope }
    const { id, envelope: contribution } = stateContribution(vouched, author)
    await liar.publish('contributions', contribution)
    const events = await Promise.all(
      daemons.map((daemon) => daemon.event((event) => event.event === 'refused' && event['id'] === id, 'the refusal')),
    )
    const { refused } = await ada.status()
    assert.ok(JSON.stringify(refused).includes(id), 'status tells it too')
    return new Set(events.map(({ reason }) => reason))
  }

  it('tells a stranger without a voucher so before it trains, and whom to ask', async () => {
    const { code, stderr } = await joinAsStranger(invite)
    assert.equal(code, 2, stderr)
    assert.match(stderr, /no-voucher/)
    assert.match(stderr, new RegExp(`ada, ben, cleo.*coldmesh invite --for ${stranger.key}`))
  })

  // Faults 54, 55 and 60: keys and vouchers that are not what they say.
  it('refuses contributions with no voucher, somebody else’s or a self-made one, and says so in status', async () => {
    shortLived = await vouchFor(toHex(author.key), 1)
    assert.deepEqual(await refusals(network.base, 1, null), new Set(['no-voucher']))
    assert.deepEqual(await refusals(network.base, 1, await vouchFor(stranger.key, 9)), new Set(['voucher-for-another']))
    const { key } = author
    const selfMade = voucher.encode({ network: liar.network, author: key, contributor: key, from: 1, until: 9 })
    assert.deepEqual(
      await refusals(network.base, 1, signPayload(selfMade, author).envelope),
      new Set(['voucher-not-by-a-member']),
    )
  })

  it('takes the same stranger with an invite for its key into the next base', async () => {
    const args = ['invite', '--for', stranger.key, '--rounds', '1', '--dir', ada.dataDir, '--json']
    const { stdout } = await runCli(args)
    const printed = JSON.parse(stdout)
    assert.deepEqual([printed.contributor, printed.from, printed.until], [stranger.key, 1, 1])
    const member = network.peers[0]
    assert.ok(member)
    const plan = { steps: 4, batch: 8, learningRate: 0.001, maxTokens: 16 }
    await ada.ask('/v1/join', { data: member.data, text: 'text', label: 'label', plan })
    const { code, stdout: told, stderr } = await joinAsStranger(printed.invite)
    assert.equal(code, 0, stderr)
    const [outcome] = told.split('\n').flatMap((line) => (line.includes('"event":"outcome"') ? [JSON.parse(line)] : []))
    assert.equal(outcome.included, true, told)
    base = outcome.base
  })

  it('refuses a voucher whose rounds are over, and an invite with one says whom to ask', async () => {
    // After three lies the members look away from this one.
    await liar[Symbol.asyncDispose]()
    liar = await startLiarNode({ invite, members })
    assert.deepEqual(await refusals(base, 2, shortLived), new Set(['voucher-expired']))
    const again = await runCli(['join', '--dir', stranger.dir, '--data', network.peers[1]?.data ?? '', ...LOOPBACK])
    assert.equal(again.code, 2, again.stderr)
    assert.match(again.stderr, /held until round 1 \(voucher-expired\)/)
    assert.match(again.stderr, /coldmesh invite --for/)
  })

  it('has a base that verifies offline, and a log that names who vouched', async () => {
    await ada.stop()
    const verified = await runCli(['verify', base, '--dir', ada.dataDir, '--json'])
    assert.equal(verified.code, 0, verified.stdout)
    const { stdout } = await runCli(['log', '--dir', ada.dataDir, '--json'])
    const [entry] = stdout.split('\n').filter((line) => line !== '')
    const inputs: readonly { author: string; vouchedBy: string | null }[] = JSON.parse(entry ?? '').inputs
    assert.deepEqual(
      new Map(inputs.map(({ author, vouchedBy }) => [author, vouchedBy])),
      new Map([
        [stranger.key, network.peers[0]?.key],
        [network.peers[0]?.key ?? '', null],
      ]),
    )
  })

  it('vouches from the files of a member that does not run', async () => {
    const { code, stdout } = await runCli(['invite', '--for', stranger.key, '--dir', ada.dataDir, '--json'])
    assert.equal(code, 0)
    const { from, until } = JSON.parse(stdout)
    assert.deepEqual([from, until], [2, 101])
  })
})
