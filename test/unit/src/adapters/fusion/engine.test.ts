import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { createFusionEngine, type FuseFilesOptions } from '../../../../../src/adapters/fusion/engine.ts'
import { fuseCheckpoints } from '../../../../../src/fusion/fuse.ts'
import { validateCheckpoint } from '../../../../../src/fusion/validate.ts'
import { ColdmeshError, isColdmeshError } from '../../../../../src/ports/errors.ts'
import { checkpoint, edges, LAYOUT, NON_FINITE, offsetOf } from '../../fusion/support.ts'

const INPUTS = 4
const RULES: readonly Pick<FuseFilesOptions, 'rule' | 'params'>[] = [
  { rule: 'mean/1', params: {} },
  { rule: 'mean/1', params: { step: 300_000_000 } },
  { rule: 'weighted-mean/1', params: { maxRows: 25 } },
  { rule: 'clipped-mean/1', params: {} },
  { rule: 'trimmed-mean/1', params: { trim: 1 } },
  { rule: 'median/1', params: { step: 900_000_000 } },
  { rule: 'ties/1', params: { density: 200_000_000 } },
  { rule: 'ties/1', params: { density: 1, scale: 500_000_000 } },
  { rule: 'ties/1', params: { density: 1_000_000_000 } },
]

const NOTHING = { bytes: Buffer.alloc(0), clipping: null }
/** One pass, two, and four. */
const SOME_RULES = RULES.filter(
  ({ rule, params }) => rule === 'mean/1' || rule === 'clipped-mean/1' || params['density'] === 1,
)

type Change = (bytes: Uint8Array) => Uint8Array | undefined

describe('createFusionEngine', () => {
  let folder = ''
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'coldmesh-engine-'))
  })
  after(() => rm(folder, { recursive: true }))

  /** Files of this test alone: a base, inputs, parents of the second and the last. */
  async function write(changes: Readonly<Record<string, Change>> = {}) {
    const file = async (name: string, seed: number) => {
      const bytes = checkpoint(seed)
      const changed = changes[name]?.(bytes) ?? bytes
      const path = join(folder, name)
      await writeFile(path, changed)
      return path
    }
    const inputs: string[] = []
    for (let input = 0; input < INPUTS; input++) inputs.push(await file(`input-${input}`, 1 + input / 7))
    const parents = [null, await file('parent-1', 1.1), null, await file('parent-3', 1.05)]
    return { layout: LAYOUT, base: await file('base', 1), inputs, parents, out: join(folder, 'out') }
  }
  type Files = Awaited<ReturnType<typeof write>>

  const rows = [10, 20, 30, 40]

  async function byStream(rule: (typeof RULES)[number], files: Files) {
    const open = (path: string) =>
      async function* () {
        yield await readFile(path)
      }
    const parents = files.parents.map((path) => (path === null ? null : open(path)))
    const chunks: Uint8Array[] = []
    let clipping: unknown = null
    const remember = (found: unknown) => {
      clipping = found
    }
    const options = { ...rule, rows, layout: LAYOUT, base: open(files.base), inputs: files.inputs.map(open), parents }
    for await (const chunk of fuseCheckpoints({ ...options, onClipping: remember })) chunks.push(chunk)
    return { bytes: Buffer.concat(chunks), clipping }
  }

  const MIB = 1_048_576
  const digestsOf = (bytes: Uint8Array) =>
    Buffer.concat(
      Array.from({ length: Math.ceil(bytes.length / MIB) }, (_, leaf) =>
        hash('sha256', bytes.subarray(leaf * MIB, (leaf + 1) * MIB), 'buffer'),
      ),
    )

  for (const isLate of [false, true]) {
    it(`gives the bytes of fuseCheckpoints for every rule, however many threads there are${isLate ? ', of late inputs too' : ''}`, async () => {
      const all = await write()
      const files = isLate ? all : { ...all, parents: all.parents.map(() => null) }
      const expected = new Map<string, Awaited<ReturnType<typeof byStream>>>()
      for (const rule of RULES) expected.set(JSON.stringify(rule), await byStream(rule, files))
      const kinds = [
        ...[0, 2, 7, 16].map((workers) => ({ workers, usesKernels: true })),
        ...[1].map((workers) => ({ workers, usesKernels: false })),
      ]
      for (const kind of kinds) {
        await using engine = createFusionEngine(kind)
        // the splits differ in nothing but who takes a leaf: two rules show it
        for (const rule of kind.workers <= 1 ? RULES : RULES.slice(2, 4)) {
          const { digests, clipping } = await engine.fuse({ ...files, ...rule, rows })
          const { bytes, clipping: expectedClipping } = expected.get(JSON.stringify(rule)) ?? NOTHING
          const title = `${JSON.stringify(rule)} ${JSON.stringify(kind)}`
          assert.ok(bytes.equals(await readFile(files.out)), title)
          assert.ok(digestsOf(bytes).equals(digests), title)
          assert.deepEqual(clipping, expectedClipping, title)
        }
      }
    })
  }

  const poke =
    (tensor: string, element: number, value: readonly number[]): Change =>
    (bytes) => {
      bytes.set(value, offsetOf(tensor, element))
      return undefined
    }
  const faults: Readonly<Record<string, Readonly<Record<string, Change>>>> = {
    'another header': { 'input-2': (bytes) => bytes.fill(0x20, 9, 10) },
    'another header of the base': { base: (bytes) => bytes.fill(0x20, 9, 10) },
    'a file that ends too early': { 'input-1': (bytes) => bytes.subarray(0, MIB + 5) },
    'a file that is too long': { 'input-1': (bytes) => Buffer.concat([bytes, Buffer.of(0)]) },
    'a base that is too long': { base: (bytes) => Buffer.concat([bytes, Buffer.of(0)]) },
    'an empty file': { 'input-0': () => new Uint8Array() },
    'another integer': { 'input-3': poke('ids', 2, [7]) },
    'another boolean': { 'input-1': poke('mask', 2, [0]) },
    'a parent that ends too early': { 'parent-1': (bytes) => bytes.subarray(0, 2 * MIB) },
    'a parent that is not finite': { 'parent-3': poke('brain', 4, [0xc0, 0x7f]) },
    'a late input that its type can’t hold': {
      'input-1': poke('half', 9, [0xff, 0x7b]),
      'parent-1': poke('half', 9, [0xff, 0xfb]),
    },
    'several faults, of which the first is named': {
      'input-3': poke('large', 1, [0, 0, 0x80, 0x7f]),
      'input-0': poke('half', 600_000, [0, 0x7c]),
      'input-2': poke('large', 299_000, [0, 0, 0x80, 0x7f]),
    },
    'an infinite base': { base: poke('large', 77, [0, 0, 0x80, 0xff]) },
  }
  for (const [name, changes] of Object.entries(faults)) {
    it(`refuses ${name} with the words of fuseCheckpoints`, async () => {
      const files = await write(changes)
      await using engine = createFusionEngine({ workers: 2 })
      for (const rule of SOME_RULES) {
        const expected = await byStream(rule, files).then(() => null, errorOf)
        const found = await engine.fuse({ ...files, ...rule, rows }).then(() => null, errorOf)
        assert.deepEqual(found, expected, JSON.stringify(rule))
      }
    })
  }

  it('refuses what is not finite at every edge', async () => {
    await using engine = createFusionEngine({ workers: 2 })
    const places = edges().filter((_, index) => index % 3 === 0)
    for (const { tensor, dtype, element } of places) {
      const files = await write({ 'input-2': poke(tensor, element, NON_FINITE[dtype][1] ?? []) })
      for (const rule of ['mean/1', 'clipped-mean/1', 'median/1']) {
        const refused = engine.fuse({ ...files, parents: [], rule, params: {}, rows })
        await assert.rejects(refused, (error: unknown) => {
          assert.ok(isColdmeshError(error, 'bad-checkpoint'))
          assert.deepEqual(error.facts, { input: 2, tensor, element })
          return true
        })
      }
    }
  })

  it('ends when it is told to, and can be used again', async () => {
    const files = await write()
    for (const workers of [0, 2]) {
      await using engine = createFusionEngine({ workers })
      const abort = new AbortController()
      const running = engine.fuse({
        ...{ ...files, rule: 'ties/1', params: { density: 100_000_000 }, signal: abort.signal },
        onProgress: () => abort.abort(),
      })
      await assert.rejects(running, (error) => isColdmeshError(error, 'aborted'))
      await engine.fuse({ ...files, rule: 'mean/1', params: {} })
    }
  })

  it('says that its threads died, and starts others', async () => {
    const files = await write()
    const engine = createFusionEngine({ workers: 2 })
    const running = engine.fuse({
      ...{ ...files, rule: 'ties/1', params: { density: 100_000_000 } },
      onProgress: () => void engine[Symbol.asyncDispose](),
    })
    await assert.rejects(running, (error) => isColdmeshError(error, 'refused') && /died/.test(error.message))
    await engine.fuse({ ...files, rule: 'mean/1', params: {} })
    await engine[Symbol.asyncDispose]()
  })

  it('tells how far it is', async () => {
    const files = await write()
    await using engine = createFusionEngine({ workers: 2 })
    const told: string[] = []
    await engine.fuse({
      ...{ ...files, rule: 'clipped-mean/1', params: {} },
      onProgress: ({ pass, bytes, totalBytes }) => told.push(`${pass} ${bytes === totalBytes}`),
    })
    assert.equal(told.at(-1), '2 true')
    assert.ok(told.includes('1 true'))
  })

  it('names a file that is not there', async () => {
    const files = await write()
    await using engine = createFusionEngine({ workers: 0 })
    const inputs = [...files.inputs.slice(1), join(folder, 'nothing')]
    const refused = engine.fuse({ ...files, inputs, rule: 'mean/1', params: {} })
    await assert.rejects(refused, (error) => isColdmeshError(error, 'bad-input') && /nothing/.test(error.message))
  })

  it('checks a checkpoint as validateCheckpoint does', async () => {
    const cases: Readonly<Record<string, Change>> = {
      ...{ right: () => undefined, header: (bytes) => bytes.fill(0x20, 9, 10), integer: poke('ids', 2, [7]) },
      ...{ short: (bytes) => bytes.subarray(0, MIB + 9), long: (bytes) => Buffer.concat([bytes, Buffer.of(1)]) },
      ...{ infinite: poke('half', 5, [0, 0x7c]), last: poke('brain', 600_002, [0x80, 0xff]) },
      ...{ rebased: poke('half', 9, [0xff, 0x7b]) },
    }
    await using plain = createFusionEngine({ workers: 0, usesKernels: false })
    await using own = createFusionEngine({ workers: 0 })
    await using three = createFusionEngine({ workers: 3 })
    for (const [name, change] of Object.entries(cases)) {
      const files = await write({
        'input-1': change,
        'parent-1': name === 'rebased' ? poke('half', 9, [0xff, 0xfb]) : () => undefined,
      })
      const [, path = ''] = files.inputs
      for (const parent of [undefined, files.parents[1] ?? undefined]) {
        const stream = async function* (from: string) {
          yield await readFile(from)
        }
        const expected = await validateCheckpoint({
          ...{ layout: LAYOUT, base: stream(files.base), checkpoint: stream(path) },
          ...(parent === undefined ? {} : { parent: stream(parent) }),
        })
        assert.equal(expected.ok, name === 'right' || (name === 'rebased' && parent === undefined), name)
        for (const engine of [plain, own, three]) {
          const found = await engine.validate({ layout: LAYOUT, base: files.base, checkpoint: path, parent })
          assert.deepEqual(found, expected, name)
        }
      }
    }
  })
})

function errorOf(error: unknown) {
  assert.ok(error instanceof ColdmeshError, String(error))
  const { code, message, facts } = error
  return { code, message, facts }
}
