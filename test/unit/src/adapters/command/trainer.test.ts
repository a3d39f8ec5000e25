import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { openTrainingData } from '../../../../../src/adapters/datasets/index.ts'
import { createCommandTrainer } from '../../../../../src/engines/command-trainer.ts'
import { createTrainer } from '../../../../../src/engines/trainer.ts'
import { isStored } from '../../../../../src/ports/dataset.ts'
import { ColdmeshError, type ErrorCode } from '../../../../../src/ports/errors.ts'
import type { Trainer, TrainingProgress } from '../../../../../src/ports/trainer.ts'
import { completePlan } from '../../../../../src/training/plan.ts'
import { collectGarbage } from '../../../../support/collect-garbage.ts'
import { sentenceDataset, tinyModel } from '../../../../support/training/tiny.ts'

const PROGRAM = join(import.meta.dirname, '..', '..', '..', '..', 'support', 'command', 'program.mjs')
const folder = mkdtempSync(join(tmpdir(), 'coldmesh command é🙂-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const model = tinyModel()
const dataset = sentenceDataset()
const request = { model, head: null, dataset, plan: completePlan({ steps: 5 }) }

interface Bench extends AsyncDisposable {
  readonly trainer: Trainer
  readonly dir: string
  readonly said: string[]
}

let count = 0
/** A trainer whose program behaves in one way, and the only user of its folder. */
async function benchOf(
  behaviour: string,
  options: { timeLimitMs?: number; graceMs?: number; keep?: boolean } = {},
): Promise<Bench> {
  const said: string[] = []
  const dir = join(folder, `${behaviour}-${count++}`)
  const command = [process.execPath, PROGRAM, behaviour]
  const trainer = await createCommandTrainer({ command, dir, onText: (line) => said.push(line), ...options })
  return { trainer, dir, said, [Symbol.asyncDispose]: () => trainer.stop() }
}

const leftIn = (dir: string) => readdirSync(dir).filter((name) => name !== 'logs')

async function failureOf(work: Promise<unknown>, code: ErrorCode): Promise<ColdmeshError> {
  const error: unknown = await work.then(
    () => assert.fail('it went well'),
    (thrown: unknown) => thrown,
  )
  assert.ok(error instanceof ColdmeshError, String(error))
  assert.equal(error.code, code, error.message)
  return error
}

describe('createCommandTrainer', () => {
  it('trains: body, head, score on its own split, progress, device and what is printed', async () => {
    await using bench = await benchOf('good')
    const progress: TrainingProgress[] = []
    const trained = await bench.trainer.train({ ...request, onProgress: (report) => progress.push(report) })
    assert.deepEqual(
      trained.body.map(({ name, shape }) => ({ name, shape })),
      model.body.map(({ name, shape }) => ({ name, shape })),
    )
    assert.equal(trained.body[0]?.data[5], Math.fround((model.body[0]?.data[5] ?? 0) + 0.25))
    assert.deepEqual(trained.head.labels, dataset.labels)
    assert.deepEqual(
      trained.head.weights.map(({ shape }) => shape),
      [[3, 8], [3]],
    )
    const { rows, before, after: score } = trained.validation
    assert.ok(rows > 15 && rows < 35, String(rows))
    assert.equal(trained.rows + rows, dataset.examples.length)
    assert.equal(before, null)
    assert.ok(score > 0.9 && score <= 1, String(score))
    assert.equal(trained.steps, 5)
    const { secondsLeft = 0, ...first } = progress.at(0) ?? {}
    assert.deepEqual(first, { step: 1, steps: 5, loss: 1, tokensPerSecond: 100 })
    assert.ok(secondsLeft > 0)
    assert.equal(progress.at(-1)?.validation?.score, 0.5)
    assert.equal(bench.trainer.device, 'abacus')
    assert.deepEqual(bench.said, ['half a line that is no event'])
  })

  it('holds no weights once they are nobody’s', async () => {
    await using bench = await benchOf('good')
    const train = async () => {
      const given = { ...request, model: tinyModel() }
      const { body } = await bench.trainer.train(given)
      return [body, given.model.body].map((weights) => new WeakRef(weights))
    }
    const held = await train()
    await collectGarbage()
    assert.deepEqual(
      held.map((weights) => weights.deref()),
      [undefined, undefined],
    )
  })

  it('removes its directories, and begins from the base that is there already', async () => {
    await using bench = await benchOf('good', { keep: true })
    await bench.trainer.train(request)
    const [first = ''] = leftIn(bench.dir)
    const plan = JSON.parse(readFileSync(join(bench.dir, first, 'plan.json'), 'utf8'))
    assert.deepEqual([plan.protocol, plan.mode, plan.task, plan.labels], [1, 'train', 'single-label', dataset.labels])
    assert.equal(plan.paths.train, join(bench.dir, first, 'train.jsonl'))
    assert.ok(existsSync(join(plan.paths.base, 'tokenizer.json')))
    await using other = await benchOf('good')
    await other.trainer.train(request)
    assert.equal(leftIn(other.dir).length, 1)
    await other.trainer.train(request)
    const [base = ''] = leftIn(other.dir)
    assert.match(base, /^base-/)
    await other.trainer.stop()
    assert.deepEqual(leftIn(other.dir), [])
    assert.equal(readdirSync(join(other.dir, 'logs')).length, 2)
  })

  it('gives a head that fits, and scores it before', async () => {
    await using bench = await benchOf('good')
    const { head } = await bench.trainer.train(request)
    const again = await bench.trainer.train({ ...request, head })
    assert.equal(typeof again.validation.before, 'number')
    const other = { ...head, labels: ['a', 'b', 'c'] }
    assert.equal((await bench.trainer.train({ ...request, head: other })).validation.before, null)
  })

  it('lets a program that says labels in words do without a head, and asks it again for predictions', async () => {
    await using bench = await benchOf('headless')
    const { head } = await bench.trainer.train(request)
    assert.deepEqual(
      head.weights.map(({ shape }) => shape),
      [[3, 1], [3]],
    )
    const { rows, score } = await bench.trainer.evaluate({ model, head, examples: dataset.examples, maxTokens: 32 })
    assert.deepEqual([rows, score], [240, 1 / 3])
    await using twice = await benchOf('twice')
    assert.ok((await twice.trainer.train(request)).validation.after < 0.5)
  })

  it('takes no body from a program that trains a head', async () => {
    await using bench = await benchOf('nan')
    const { body } = await bench.trainer.train({ ...request, plan: completePlan({ steps: 5, mode: 'frozen' }) })
    assert.equal(body, model.body)
  })

  it('drops tensors that the base lacks, and says so', async () => {
    await using bench = await benchOf('extra')
    const { body } = await bench.trainer.train(request)
    assert.equal(body.length, model.body.length)
    assert.equal(bench.said.at(-1), 'tensors that the base lacks are dropped: lm_head.weight')
  })

  it('writes the base anew for the next run when a program wrote into it', async () => {
    await using bench = await benchOf('spoiler')
    await bench.trainer.train(request)
    const { body } = await bench.trainer.train(request)
    assert.equal(body.length, model.body.length)
  })

  it('scores every type of task by its own metric', async () => {
    await using bench = await benchOf('knowing')
    const many = dataset.examples.map(({ text, label }) => ({ text, label: [String(label)] }))
    const numbers = dataset.examples.map(({ text }) => ({ text, label: text.length }))
    const sets = { name: 'sets', task: 'multi-label', labels: dataset.labels, examples: many } as const
    const lengths = { name: 'lengths', task: 'regression', labels: [], examples: numbers } as const
    const scored = await bench.trainer.train({ ...request, dataset: sets })
    assert.deepEqual([scored.validation.metric, scored.validation.after], ['micro-f1', 1])
    assert.equal(scored.head.task, 'multi-label')
    const measured = await bench.trainer.train({ ...request, dataset: lengths })
    assert.deepEqual(
      [measured.validation.metric, measured.validation.scores['mean-squared-error']],
      ['pearson-spearman', 0],
    )
    assert.deepEqual(measured.head.weights[1]?.shape, [1])
    await using silent = await benchOf('silent')
    assert.equal((await silent.trainer.train(request)).validation.after, 0)
    const strange = { ...dataset, labels: ['cooking', 'music', 'sleep'] }
    await failureOf(bench.trainer.train({ ...request, dataset: strange }), 'bad-dataset')
  })

  it('hands on rows that stay in their file, and holds out the same ones whoever trains', async () => {
    const path = join(folder, 'rows.jsonl')
    writeFileSync(path, dataset.examples.map((row) => `${JSON.stringify(row)}\n`).join(''))
    const stored = await openTrainingData(path, { memoryCharacters: 1_000 })
    assert.ok(isStored(stored.examples))
    await using bench = await benchOf('good', { keep: true })
    const { rows, validation } = await bench.trainer.train({ ...request, dataset: stored })
    const inMemory = await bench.trainer.train(request)
    assert.deepEqual([rows, validation.rows], [inMemory.rows, inMemory.validation.rows])
    const [first, second] = leftIn(bench.dir).map((name) =>
      readFileSync(join(bench.dir, name, 'validation.jsonl'), 'utf8')
        .split('\n')
        .sort(),
    )
    assert.deepEqual(first, second)
  })

  it('survives a flood on standard output', async () => {
    await using bench = await benchOf('flood')
    await bench.trainer.train(request)
    assert.equal(bench.said.length, 1_001)
    assert.equal(bench.said[0]?.length, 65_536)
    assert.match(bench.said.at(-1) ?? '', /^1000 lines are shown/)
  })
})

describe('a program that fails', () => {
  it('is quoted, its log and its work directory kept', async () => {
    await using bench = await benchOf('crash')
    const error = await failureOf(bench.trainer.train(request), 'refused')
    assert.match(error.message, /crash ended with exit code 3:\n/)
    assert.match(error.message, /at last: no such device$/)
    const { exitCode, signal, stderr, log, work } = error.facts
    assert.deepEqual([exitCode, signal], [3, null])
    assert.ok(String(stderr).length <= 8_192)
    assert.ok(readFileSync(String(log), 'utf8').length > 20_000)
    assert.match(error.hint ?? '', /work directory is kept/)
    assert.ok(existsSync(join(String(work), 'base', 'model.safetensors')))
    await bench.trainer.stop()
    const next = await createCommandTrainer({ command: [process.execPath], dir: bench.dir })
    await next.stop()
    assert.ok(existsSync(join(String(work), 'base', 'model.safetensors')))
  })

  it('by a signal: says its name', async () => {
    await using bench = await benchOf('signal')
    const error = await failureOf(bench.trainer.train(request), 'refused')
    assert.match(error.message, /was ended by SIGKILL \(signal 9\)/)
    assert.match(error.hint ?? '', /memory/)
  })

  it('by exit code 64: unsupported, with what it says', async () => {
    await using bench = await benchOf('unsupported')
    const error = await failureOf(bench.trainer.train(request), 'unsupported')
    assert.match(error.message, /can't do this:\nfrozen is beyond me$/)
    assert.deepEqual(
      leftIn(bench.dir).filter((name) => name.startsWith('work-')),
      [],
    )
  })

  it('by hanging: is stopped after its time limit', async () => {
    await using bench = await benchOf('hang', { timeLimitMs: 300 })
    const error = await failureOf(bench.trainer.train(request), 'deadline')
    assert.match(error.message, /after its time limit of 0.3 s$/)
  })

  it('is stopped by an abort, and by force when it does not listen', { timeout: 20_000 }, async () => {
    await using bench = await benchOf('stubborn', { graceMs: 200 })
    const stopping = new AbortController()
    const training = bench.trainer.train({ ...request, signal: stopping.signal, onProgress: () => stopping.abort() })
    await failureOf(training, 'aborted')
    assert.deepEqual(
      leftIn(bench.dir).filter((name) => name.startsWith('work-')),
      [],
    )
  })

  it('is stopped by stop(), and by a listener that throws', async () => {
    const bench = await benchOf('hang')
    const training = bench.trainer.train(request)
    await Promise.all([failureOf(training, 'aborted'), bench.trainer.stop()])
    await failureOf(bench.trainer.train(request), 'aborted')
    await using good = await benchOf('good')
    const thrown = new Error('mine')
    const listening = good.trainer.train({
      ...request,
      onProgress: () => {
        throw thrown
      },
    })
    await assert.rejects(listening, thrown)
  })

  const spoilt: readonly (readonly [behaviour: string, message: RegExp])[] = [
    ['nan', /out\/model.safetensors has NaN in the tensor "embeddings.LayerNorm.weight", at element 2$/],
    ['missing', /out\/model.safetensors lacks the tensor "embeddings.LayerNorm.weight"$/],
    ['shape', /has the tensor "embeddings.word_embeddings.weight" of shape \[32,\d+\], it must be \[\d+,32\]$/],
    ['dtype', /has the tensor "embeddings.word_embeddings.weight" in I32, it must be F32$/],
    ['cut', /out\/model.safetensors is no safetensors file that coldmesh reads/],
    ['short', /out\/predictions.jsonl has 1 predictions, there are \d+ rows$/],
    ['strange', /out\/predictions.jsonl, line 1, is no prediction of a single-label task: "no such label"$/],
  ]
  for (const [behaviour, message] of spoilt) {
    it(`by its output: ${behaviour}`, async () => {
      await using bench = await benchOf(behaviour)
      const error = await failureOf(bench.trainer.train(request), 'bad-checkpoint')
      assert.match(error.message, message)
    })
  }
})

describe('a command line', () => {
  it('becomes a trainer', async () => {
    const engine = `command:"${process.execPath}" '${PROGRAM}' good` as const
    const trainer = await createTrainer({ engine, program: { dir: join(folder, 'line') } })
    assert.equal(trainer.name, 'command')
    assert.equal((await trainer.train(request)).steps, 5)
    await trainer.stop()
  })

  it('is refused when there is no such program, or one that cannot be run', async () => {
    const plain = join(folder, 'plain.sh')
    writeFileSync(plain, 'exit 0\n', { mode: 0o644 })
    const cases = [
      ['command:no-such-program-here x', /no program no-such-program-here in PATH$/],
      ['command:./no/such', /no program \.\/no\/such$/],
      [`command:"${plain}"`, /plain.sh is not executable$/],
      ['command:', /needs a program/],
      ['command:node "a', /quotation mark that is not closed$/],
    ] as const
    for (const [engine, message] of cases) {
      const error = await failureOf(createTrainer({ engine }), 'bad-input')
      assert.match(error.message, message)
    }
  })

  it('is refused when the system cannot start it', async () => {
    const broken = join(folder, 'broken')
    writeFileSync(broken, '#!/no/such/interpreter\n', { mode: 0o755 })
    const trainer = await createCommandTrainer({ command: [broken], dir: join(folder, 'broken-runs') })
    await failureOf(trainer.train(request), 'bad-input')
    await failureOf(trainer.trainTogether({ model, tasks: [], plan: request.plan }), 'unsupported')
    await trainer.stop()
  })
})
