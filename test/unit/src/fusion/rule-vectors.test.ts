import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { type Clipping, encodeNorm } from '../../../../protocols/lineage/clipping.ts'
import { encodeLayout } from '../../../../src/checkpoint/layout.ts'
import type { FloatDtype } from '../../../../src/floats/dtypes.ts'
import { fuseCheckpoints } from '../../../../src/fusion/fuse.ts'

interface Case {
  readonly title: string
  readonly params: Readonly<Record<string, number>>
  readonly rows?: readonly number[]
  readonly factors?: readonly number[]
  readonly norms?: readonly string[]
  readonly tensors: readonly {
    readonly dtype: FloatDtype
    readonly base: string
    readonly inputs: readonly string[]
    readonly parents?: readonly (string | null)[]
    readonly output: string
  }[]
}

const FILES = ['mean-step', 'weighted-mean', 'clipped-mean', 'trimmed-mean', 'median', 'ties']

async function readVectors(name: string): Promise<{ readonly rule: string; readonly cases: readonly Case[] }> {
  const text = await readFile(join(import.meta.dirname, `../../../vectors/fusion/${name}.v1.json`), 'utf8')
  return JSON.parse(text)
}

/** Elements in big-endian hex, as they lie in a file. */
function bytesOf(elements: string): Uint8Array {
  return Buffer.concat(elements.split(' ').map((hex) => Buffer.from(hex, 'hex').reverse()))
}

function open(header: Uint8Array, tensors: readonly string[]) {
  const file = Buffer.concat([header, ...tensors.map(bytesOf)])
  return async function* () {
    yield file
  }
}

async function fuseCase(rule: string, { params, rows, tensors }: Case) {
  const layout = encodeLayout(
    tensors.map(({ dtype, base }) => ({ name: dtype, dtype, shape: [base.split(' ').length] })),
  )
  const file = (pick: (tensor: Case['tensors'][number]) => string) => open(layout.header, tensors.map(pick))
  const [first] = tensors
  assert.ok(first)
  const found: Clipping[] = []
  const chunks: Uint8Array[] = []
  for await (const chunk of fuseCheckpoints({
    ...{ rule, params, layout, base: file(({ base }) => base) },
    inputs: first.inputs.map((_, i) => file(({ inputs }) => inputs[i] ?? '')),
    parents: first.inputs.map((_, i) => (first.parents?.[i] ? file(({ parents }) => parents?.[i] ?? '') : null)),
    ...(rows && { rows }),
    onClipping: (clipping) => found.push(clipping),
  })) {
    chunks.push(chunk)
  }
  return { clipping: found[0] ?? null, bytes: Buffer.concat(chunks).subarray(layout.dataStart).toString('hex') }
}

for (const name of FILES) {
  const { rule, cases } = await readVectors(name)
  describe(`${rule}, ${name}.v1.json`, () => {
    it('has cases with late inputs, of 1 to 64, in each type', () => {
      assert.ok(cases.length > 20)
      assert.ok(cases.some(({ tensors }) => tensors[0]?.parents !== undefined))
      assert.ok(cases.some(({ tensors }) => tensors[0]?.inputs.length === 64))
      assert.deepEqual(new Set(cases.flatMap(({ tensors }) => tensors.map(({ dtype }) => dtype))).size, 3)
    })

    for (const one of cases) {
      it(`gives the frozen bits: ${one.title}`, async () => {
        const { bytes, clipping } = await fuseCase(rule, one)
        assert.equal(bytes, Buffer.concat(one.tensors.map(({ output }) => bytesOf(output))).toString('hex'))
        assert.deepEqual(clipping?.factors, one.factors)
        const norms = clipping?.norms.map((norm) => Buffer.from(encodeNorm(norm)).toString('hex'))
        assert.deepEqual(norms, one.norms)
      })
    }
  })
}
