import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { compileKernels } from '../../../../../src/adapters/fusion/compile-kernels.ts'
import { createKernels, createMemory } from '../../../../../src/adapters/fusion/kernels.ts'
import { createPartFuser } from '../../../../../src/adapters/fusion/part-fuser.ts'
import { layOut } from '../../../../../src/adapters/fusion/scratch.ts'
import { FLOAT_BYTES, type FloatDtype } from '../../../../../src/floats/dtypes.ts'
import { firstNonFinite } from '../../../../../src/floats/scan.ts'
import { createSpanFuser } from '../../../../../src/fusion/javascript.ts'
import type { ReadyRule } from '../../../../../src/fusion/rule.ts'

/** Of elements: any bits that are finite; neighbours of 1 and -1; zeros and subnormals. */
const KINDS = ['any', 'close', 'tiny'] as const
type Kind = (typeof KINDS)[number]
const DTYPES: readonly FloatDtype[] = ['F32', 'BF16', 'F16']
/** Fewer than a turn of any kernel, whole chunks, and tails of every kind. */
const COUNTS = [1, 7, 15, 16, 31, 33, 512, 2081]
const INFINITY: Readonly<Record<FloatDtype, number>> = { F32: 0x7f800000, BF16: 0x7f80, F16: 0x7c00 }
const ONE: Readonly<Record<FloatDtype, number>> = { F32: 0x3f800000, BF16: 0x3f80, F16: 0x3c00 }

/** Numbers that look random and are the same in every run. */
function createDice(seed: number): (below: number) => number {
  let state = Math.imul(seed + 1, 0x9e3779b1) | 1
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

function elements(dtype: FloatDtype, count: number, kind: Kind, dice: (below: number) => number): Uint8Array {
  const words = FLOAT_BYTES[dtype] === 4 ? new Uint32Array(count) : new Uint16Array(count)
  const sign = FLOAT_BYTES[dtype] === 4 ? 0x80000000 : 0x8000
  for (let i = 0; i < count; i++) {
    const magnitude = kind === 'any' ? dice(INFINITY[dtype]) : kind === 'close' ? ONE[dtype] + dice(5) : dice(6)
    words[i] = magnitude + dice(2) * sign
  }
  return new Uint8Array(words.buffer)
}

interface Case {
  readonly dtype: FloatDtype
  readonly base: Uint8Array
  readonly inputs: readonly Uint8Array[]
  readonly parents: readonly (Uint8Array | null)[]
}

/** The bytes by kernels; null where they find something that is not finite. */
function byKernels(ready: ReadyRule, { dtype, base, inputs, parents }: Case): Uint8Array | null {
  const scratch = layOut({ parents: parents.map((parent) => parent !== null), counts: false })
  const memory = createMemory(scratch.bytes)
  const module = compileKernels()
  if (module === null) throw new Error('this machine has no WebAssembly with SIMD')
  const kernels = createKernels(module, memory)
  const bytes = new Uint8Array(memory.buffer)
  bytes.set(base, scratch.base)
  for (const [input, data] of inputs.entries()) bytes.set(data, scratch.inputs[input])
  for (const [input, data] of parents.entries()) if (data !== null) bytes.set(data, scratch.parents[input] ?? 0)
  const fuse = createPartFuser({ kernels, memory, scratch }, ready, inputs.length)
  const count = base.length / FLOAT_BYTES[dtype]
  const places = { dtype, count, base: scratch.base, inputs: scratch.inputs, parents: scratch.parents }
  return fuse(places, scratch.leaf) ? bytes.slice(scratch.leaf, scratch.leaf + base.length) : null
}

function byJavaScript(ready: ReadyRule, files: Case): Uint8Array | null {
  const out = new Uint8Array(files.base.length)
  const overflow = createSpanFuser(ready, files.inputs.length)(files, out)
  return overflow === null && firstNonFinite(files.dtype, out) < 0 ? out : null
}

function rulesFor(count: number, kind: Kind, dice: (below: number) => number): readonly ReadyRule[] {
  const each = <T>(value: () => T) => Array.from({ length: count }, value)
  const key = () => (kind === 'any' ? 0x30000000 + dice(2 ** 29) : kind === 'close' ? 0x3c000000 : dice(4))
  const step = dice(2) === 0 ? null : 0.3
  const rules: ReadyRule[] = [
    { rule: 'mean/1', step: null },
    { rule: 'mean/1', step: 0.7 },
    { rule: 'weighted-mean/1', step, weights: each(() => 1 + dice(1e6)) },
    { rule: 'clipped-mean/1', step, factors: each(() => dice(65_537)) },
    { rule: 'median/1', step: null },
    { rule: 'median/1', step: 0.3 },
    { rule: 'ties/1', step, scale: dice(2) === 0 ? 1 : 0.7, kept: each(() => ({ key: key(), equal: dice(20) })) },
  ]
  if (count > 2) rules.push({ rule: 'trimmed-mean/1', step, trim: 1 + dice(Math.floor((count - 1) / 2)) })
  return rules
}

describe('createPartFuser', () => {
  for (const dtype of DTYPES) {
    it(`gives the bits of JavaScript for every rule and 1 to 64 inputs of ${dtype}, late ones too`, () => {
      let compared = 0
      for (let inputs = 1; inputs <= 64; inputs++) {
        const dice = createDice(inputs)
        for (const kind of KINDS) {
          const count = COUNTS[dice(COUNTS.length)] ?? 1
          const make = (of: Kind = kind) => elements(dtype, count, of, dice)
          const files = { dtype, base: make(), inputs: Array.from({ length: inputs }, () => make()) }
          const none = files.inputs.map(() => null)
          // what a late input of any bits stands for is seldom finite, unless its parent is small
          const late = files.inputs.map(() => (dice(3) === 0 ? make(kind === 'any' ? 'close' : kind) : null))
          for (const ready of rulesFor(inputs, kind, dice)) {
            for (const parents of [none, late]) {
              const expected = byJavaScript(ready, { ...files, parents })
              const found = byKernels(ready, { ...files, parents })
              assert.deepEqual(found, expected, `${ready.rule} of ${inputs}, ${count} ${kind} elements`)
              if (expected !== null) compared++
            }
          }
        }
      }
      assert.ok(compared > 64 * 3 * 6, `${compared} were finite`)
    })

    it(`sees every value of ${dtype} that is not finite, whichever rule`, () => {
      const dice = createDice(7)
      for (const inputs of [1, 2, 3, 8, 17]) {
        const files = {
          ...{ dtype, base: elements(dtype, 45, 'close', dice) },
          inputs: Array.from({ length: inputs }, () => elements(dtype, 45, 'close', dice)),
        }
        const parents = files.inputs.map(() => null)
        const plain: readonly ReadyRule[] = [{ rule: 'median/1', step: null }]
        for (const ready of [...plain, ...rulesFor(inputs, 'close', dice)]) {
          assert.notEqual(byKernels(ready, { ...files, parents }), null)
          for (const at of [0, 17, 44]) {
            const wrong = files.inputs.map((data) => new Uint8Array(data))
            const data = wrong[dice(inputs)] ?? new Uint8Array()
            const size = FLOAT_BYTES[dtype]
            const words = size === 4 ? new Uint32Array(data.buffer) : new Uint16Array(data.buffer)
            words[at] = INFINITY[dtype] + dice(2)
            assert.equal(
              byKernels(ready, { ...files, inputs: wrong, parents }),
              null,
              `${ready.rule} of ${inputs}, at ${at}`,
            )
          }
        }
      }
    })
  }
})
