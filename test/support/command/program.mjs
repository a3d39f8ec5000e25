import { appendFileSync, existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

// A training program as docs/command-trainer.md asks for, and every way to be a bad one. Its first argument says which.

const [behaviour = 'good', work = ''] = process.argv.slice(2)
const plan = JSON.parse(readFileSync(join(work, 'plan.json'), 'utf8'))
const say = (event) => process.stdout.write(`${JSON.stringify(event)}\n`)
const readRows = (path) =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))

/** @returns the tensors of a safetensors file by name, F32 as arrays */
function readTensors(path) {
  const bytes = readFileSync(path)
  const end = 8 + Number(bytes.readBigUInt64LE())
  const { __metadata__: _, ...header } = JSON.parse(bytes.subarray(8, end).toString())
  const ends = Object.values(header).map(({ data_offsets: [, to] }) => to)
  if (bytes.length !== end + Math.max(...ends)) throw new Error('the base was written into')
  return Object.entries(header).map(
    ([
      name,
      {
        dtype,
        shape,
        data_offsets: [from, to],
      },
    ]) => {
      const data = new Float32Array(new Uint8Array(bytes.subarray(end + from, end + to)).buffer)
      return { name, dtype, shape, data }
    },
  )
}

function writeTensors(path, tensors) {
  let at = 0
  const header = {}
  for (const { name, dtype, shape, data } of tensors) {
    header[name] = { dtype, shape, data_offsets: [at, at + data.byteLength] }
    at += data.byteLength
  }
  const json = Buffer.from(JSON.stringify(header))
  const length = Math.ceil(json.length / 8) * 8
  const start = Buffer.alloc(8 + length, ' ')
  start.writeBigUInt64LE(BigInt(length))
  json.copy(start, 8)
  writeFileSync(path, Buffer.concat([start, ...tensors.map(({ data }) => Buffer.from(data.buffer))]))
}

/** Knows the labels' words by heart: a text is about what most of its words were seen with. */
function predict(texts, known) {
  const votes = new Map()
  for (const { text, label } of known) {
    for (const word of text.split(' ')) votes.set(word, [...(votes.get(word) ?? []), label])
  }
  return texts.map(({ text }) => {
    const counts = new Map(plan.labels.map((label) => [label, 0]))
    for (const word of text.split(' '))
      for (const label of votes.get(word) ?? []) counts.set(label, counts.get(label) + 1)
    return [...counts].sort(([, a], [, b]) => b - a)[0][0]
  })
}

const writeLines = (name, values) =>
  writeFileSync(join(plan.paths.out, name), values.map((value) => `${JSON.stringify(value)}\n`).join(''))

/** Spoils what would have been a good body. */
const SPOILERS = {
  nan: (body) => body.map((tensor, at) => (at === 3 ? { ...tensor, data: tensor.data.with(2, Number.NaN) } : tensor)),
  missing: (body) => body.filter(({ name }) => name !== 'embeddings.LayerNorm.weight'),
  shape: (body) =>
    body.map((tensor) => (tensor.shape.length === 2 ? { ...tensor, shape: tensor.shape.toReversed() } : tensor)),
  dtype: (body) => body.map((tensor) => (tensor.shape.length === 2 ? { ...tensor, dtype: 'I32' } : tensor)),
  extra: (body) => [
    ...body,
    { name: 'lm_head.weight', dtype: 'F32', shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) },
  ],
}

function train() {
  const rows = readRows(plan.paths.train)
  const validation = readRows(plan.paths.validation)
  say({ event: 'device', device: 'abacus' })
  const { steps } = plan.plan
  for (let step = 1; step <= steps; step++) {
    say({ event: 'progress', step, steps, loss: 1 / step, tokensPerSecond: 100 })
  }
  say({ event: 'evaluated', step: steps, score: 0.5 })
  process.stdout.write('half a line that is no event\n')
  const base = readTensors(join(plan.paths.base, 'model.safetensors'))
  const body = base.map((tensor) => ({ ...tensor, data: tensor.data.map((value) => value + 0.25) }))
  writeTensors(join(plan.paths.out, 'model.safetensors'), SPOILERS[behaviour]?.(body) ?? body)
  const outputs = Math.max(1, plan.labels.length)
  const head = [
    { name: 'classifier.weight', dtype: 'F32', shape: [outputs, 8], data: new Float32Array(outputs * 8).fill(0.5) },
    { name: 'classifier.bias', dtype: 'F32', shape: [outputs], data: new Float32Array(outputs) },
  ]
  if (behaviour !== 'headless') writeTensors(join(plan.paths.out, 'head.safetensors'), head)
  if (behaviour === 'cut') truncateSync(join(plan.paths.out, 'model.safetensors'), 2_000)
  if (behaviour === 'knowing')
    writeLines(
      'predictions.jsonl',
      validation.map(({ label }) => label),
    )
  else if (behaviour === 'silent')
    writeLines(
      'predictions.jsonl',
      validation.map(() => null),
    )
  else if (behaviour !== 'twice') writeLines('predictions.jsonl', predict(validation, rows))
  if (plan.paths.head !== null) writeLines('before.jsonl', predict(validation, validation))
  if (behaviour === 'short') writeLines('predictions.jsonl', [plan.labels[0]])
  if (behaviour === 'strange')
    writeLines(
      'predictions.jsonl',
      validation.map(() => 'no such label'),
    )
}

const ENDS = {
  crash() {
    process.stderr.write(`${'far too much '.repeat(2_000)}\nat last: no such device\n`)
    process.exit(3)
  },
  signal: () => process.kill(process.pid, 'SIGKILL'),
  unsupported() {
    process.stderr.write('frozen is beyond me\n')
    process.exit(64)
  },
  hang: () => setInterval(() => {}, 1_000),
  stubborn() {
    process.on('SIGTERM', () => process.stdout.write('never\n'))
    say({ event: 'progress', step: 1, steps: 9, loss: 1 })
    setInterval(() => {}, 1_000)
  },
  flood() {
    process.stdout.write('x'.repeat(200_000))
    for (let line = 0; line < 3_000; line++) process.stdout.write(`line ${line} ${'y'.repeat(100)}\n`)
    train()
  },
  spoiler() {
    train()
    appendFileSync(join(plan.paths.base, 'model.safetensors'), 'more')
  },
}

if (plan.mode === 'train' || ENDS[behaviour] !== undefined) (ENDS[behaviour] ?? train)()
else {
  const rows = readRows(plan.paths.rows)
  if (rows.some((row) => 'label' in row)) throw new Error('the labels are shown')
  // Their order is that of the tiny dataset: whatever is guessed, it is the same again.
  writeLines(
    'predictions.jsonl',
    rows.map(() => plan.labels[existsSync(plan.paths.base) ? 0 : 1]),
  )
}
