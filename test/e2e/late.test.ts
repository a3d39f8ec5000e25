import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Daemon } from '../support/e2e/daemon.ts'
import { createTestNetwork, type TestNetwork } from '../support/e2e/network.ts'

interface Input {
  readonly id: string
  readonly checkpoint: string
  readonly staleness: number
}

/** Where a check by another implementation finds the files of the late round; docs/fusion.md. */
const KEPT = process.env['COLDMESH_LATE_OUT']
const PLAN = { batch: 8, learningRate: 0.001, maxTokens: 16 }

describe('a contributor that trains past the end of its round', () => {
  let network: TestNetwork
  let daemons: readonly Daemon[]

  before(async () => {
    network = await createTestNetwork({
      members: 4,
      round: { minContributions: 2, collectMs: 500, graceMs: 300, viewTimeoutMs: 20_000, maxStaleness: 2 },
    })
    daemons = await network.startAll(() => ({ args: ['--threads', '1'] }))
  })

  after(() => network?.[Symbol.asyncDispose]())

  const daemonOf = (place: number) => {
    const daemon = daemons[place]
    assert.ok(daemon)
    return daemon
  }

  const contribute = async (place: number, steps: number): Promise<void> => {
    const peer = network.peers[place]
    assert.ok(peer)
    const { data, task } = peer
    const body = { data, text: 'text', label: 'label', task, plan: { ...PLAN, steps } }
    await daemonOf(place).ask('/v1/join', body)
  }

  const fused = (place: number, round: number) =>
    daemonOf(place).event(({ event, ...of }) => event === 'fused' && of['round'] === round, `base ${round}`)

  it('is in a later base, by what its training moved its own base', async () => {
    const slow = daemonOf(3)
    await contribute(3, 400)
    await slow.event(({ event }) => event === 'training', 'training')
    // Stopped in the middle of its training: the others end their round without it.
    slow.kill('SIGSTOP')
    await Promise.all([contribute(0, 4), contribute(1, 4)])
    await fused(0, 1)
    slow.kill('SIGCONT')
    const announced = await slow.event(({ event }) => event === 'announced', 'announced')
    assert.equal(announced['round'], 1)
    // One more, trained from the new base: beside it the late one is rebased.
    await contribute(2, 4)
    const { base, inputs } = await fused(0, 2)
    assert.ok(Array.isArray(inputs) && inputs.length === 2 && inputs.includes(announced['id']))
    const { rounds } = await daemonOf(0).ask('/v1/rounds')
    assert.ok(Array.isArray(rounds))
    const [second, first] = rounds
    const stated: readonly Input[] = second.inputs
    const late = stated.map(({ id, staleness }) => [id === announced['id'], staleness])
    assert.deepEqual(late.sort(), [
      [false, 0],
      [true, 1],
    ])
    const report = await daemonOf(0).ask('/v1/verify', { base })
    assert.equal(report['valid'], true, JSON.stringify(report['failures']))
    assert.match(JSON.stringify(report['rounds']), /"reproduced".*"reproduced"/)
    if (KEPT !== undefined) await keep(resolve(KEPT), String(base), String(first.base), stated)
  })

  /** The files of a round, and the arguments by which `fuse.py --compare` fuses them again. */
  async function keep(out: string, base: string, parent: string, inputs: readonly Input[]): Promise<void> {
    await mkdir(out, { recursive: true })
    const fetched = async (cid: string) => {
      const to = join(out, cid)
      await daemonOf(0).ask('/v1/export', { cid, out: to })
      return to
    }
    const started = await fetched(network.base)
    const files = [await fetched(base), await fetched(parent)]
    for (const { checkpoint, staleness } of inputs) {
      files.push(`${await fetched(checkpoint)}${staleness === 0 ? '' : `@${started}`}`)
    }
    await writeFile(join(out, 'compare.txt'), `${files.join('\n')}\n`)
  }
})
