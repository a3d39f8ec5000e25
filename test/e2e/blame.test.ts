import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, readFile, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type BlameReport, blameInputs, createTrainer, openHistory, openTrainingData } from 'coldmesh'
import { BIN, SHIPPED_BASE, SHIPPED_TASKS } from '../../node/package-root.ts'
import { createTestNetwork, type TestNetwork } from '../support/e2e/network.ts'

interface Answer {
  readonly code: number
  readonly text: string
  readonly out: string
}

function coldmesh(...args: readonly string[]): Promise<Answer> {
  return new Promise((resolve) => {
    execFile(process.execPath, [BIN, ...args], { timeout: 300_000 }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, text: `${stdout}${stderr}`, out: stdout })
    })
  })
}

/** Each row has the label of another one, far down. */
function shuffled(csv: string): string {
  const [head = '', ...rows] = csv.trim().split('\n')
  const labelOf = (row: string) => row.slice(row.lastIndexOf(','))
  const far = Math.floor(rows.length / 2) + 7
  return [
    head,
    ...rows.map((row, i) => row.slice(0, row.lastIndexOf(',')) + labelOf(rows[(i * far + 3) % rows.length] ?? row)),
  ].join('\n')
}

const GOOD = { steps: 60, batch: 16, learningRate: 0.0005, maxTokens: 32 }
const JUDGED = ['--task', 'mine', '--seeds', '3', '--steps', '80', '--max-tokens', '32', '--threads', '1']

// Real training on the shipped base: three good contributions, one with labels that mean nothing at a high rate.
describe('coldmesh blame', () => {
  let network: TestNetwork
  let dir: string
  let base: string
  let bad: string
  const data = join(SHIPPED_TASKS, 'wn-pos', 'train.csv')
  const test = join(SHIPPED_TASKS, 'wn-pos', 'test.csv')

  before(async () => {
    network = await createTestNetwork({
      members: 4,
      rows: 600,
      writeBase: (directory) => cp(SHIPPED_BASE, directory, { recursive: true }),
      round: { minContributions: 4, collectMs: 500, graceMs: 500, viewTimeoutMs: 30_000 },
    })
    const daemons = await network.startAll(() => ({ args: ['--threads', '1'] }))
    const spoiled = network.peers[3]
    assert.ok(spoiled)
    await writeFile(spoiled.data, shuffled(await readFile(spoiled.data, 'utf8')))
    const announced = await Promise.all(
      daemons.map(async (daemon, i) => {
        const peer = network.peers[i]
        assert.ok(peer)
        const plan = i === 3 ? { ...GOOD, learningRate: 0.02 } : GOOD
        await daemon.ask('/v1/join', { data: peer.data, text: 'text', label: 'label', task: peer.task, plan })
        return await daemon.event(({ event }) => event === 'announced', 'announced', 180_000)
      }),
    )
    bad = String(announced[3]?.['id'])
    const [ada] = daemons
    assert.ok(ada)
    const fused = await ada.event(({ event }) => event === 'fused', 'fused', 120_000)
    assert.ok(Array.isArray(fused['inputs']) && fused['inputs'].length === 4)
    base = String(fused['base'])
    dir = ada.dataDir
  })

  after(() => network?.[Symbol.asyncDispose]())

  it('finds the one with shuffled labels among good ones, from a daemon that runs', async () => {
    const { code, text, out } = await coldmesh(
      'blame',
      '--dir',
      dir,
      '--data',
      data,
      '--test',
      test,
      ...JUDGED,
      '--json',
    )
    assert.equal(code, 0, text)
    const report: BlameReport = JSON.parse(out)
    assert.equal(report.base, base)
    assert.deepEqual(
      report.inputs.filter(({ verdict }) => verdict === 'hurts').map(({ id }) => id),
      [bad],
      text,
    )
    const [first, ...others] = report.inputs
    assert.ok(first?.difference && first.difference.mean > 0 && first.id === bad)
    assert.ok(others.every(({ difference }) => (difference?.mean ?? 1) < (first.difference?.mean ?? 0)))
    assert.equal(report.testRows, 900)
  })

  it('fuses the round again without it, into a directory that says what it is made of', async () => {
    const out = join(network.dir, 'without')
    const { code, text } = await coldmesh('blame', base, '--dir', dir, '--without', bad.slice(-8), '--out', out)
    assert.equal(code, 0, text)
    assert.match(text, /^round 1 again, of 3 contributions/)
    const card = await readFile(join(out, 'README.md'), 'utf8')
    assert.ok(!card.includes(bad))
    assert.match(card, /mean\/1/)
    assert.ok(existsSync(join(out, 'tokenizer.json')) && existsSync(join(out, 'config.json')))
    const again = await coldmesh('blame', base, '--dir', dir, '--without', bad, '--out', out)
    assert.equal(again.code, 2)
    const nobody = await coldmesh('blame', base, '--dir', dir, '--without', 'nobody', '--out', join(network.dir, 'no'))
    assert.match(nobody.text, /"nobody" names no contribution of round 1/)
    const half = await coldmesh('blame', base, '--dir', dir, '--without', bad)
    assert.match(half.text, /--without and --out go together/)
  })

  it('works on the files alone, says nothing for sure of one seed, and names bytes that are missing', async () => {
    const peer = network.peers[0]
    assert.ok(peer)
    const copy = join(network.dir, 'copy')
    await cp(dir, copy, { recursive: true, filter: (path) => !['control.json', 'lock'].includes(basename(path)) })
    await using trainer = Object.assign(await createTrainer({ threads: 1 }), {
      [Symbol.asyncDispose]: () => trainer.stop(),
    })
    const train = await openTrainingData(peer.data, { text: 'text', label: 'label' })
    const rows = Array.isArray(train.examples) ? train.examples : []
    const task = { name: 'mine', train, test: rows.slice(0, 40) }
    const plan = { steps: 4, maxTokens: 16 }
    const steps: string[] = []
    {
      await using history = await openHistory(copy)
      const report = await blameInputs({
        ...{ source: history, trainer, task, seeds: [1], plan },
        onProgress: ({ step, what }) => steps.push(`${step} ${what}`),
      })
      assert.ok(report.inputs.every(({ verdict, chance }) => verdict === 'unclear' && chance === null))
      assert.ok(steps.includes(`fuses ${bad}`) && steps.includes('judges the parent'))
    }
    let checkpoint = ''
    {
      await using history = await openHistory(copy)
      for await (const { inputs } of history.log()) checkpoint = inputs.find(({ id }) => id === bad)?.checkpoint ?? ''
    }
    await rm(join(copy, 'blocks', 'files', `${checkpoint}.safetensors`))
    await using history = await openHistory(copy)
    await assert.rejects(blameInputs({ source: history, trainer, task, seeds: [1], plan }), (error: Error) => {
      assert.match(error.message, new RegExp(`Of round 1 these bytes are not here: the contribution ${bad}`))
      return true
    })
  })
})
