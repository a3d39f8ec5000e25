import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import fc from 'fast-check'
import { fuseCheckpoints } from '../../../../src/fusion/fuse.ts'
import { parseRule } from '../../../../src/fusion/rule-text.ts'
import { fuseSample, type SampledFile } from '../../../../src/fusion/sample.ts'
import { WINDOW_BYTES } from '../../../../src/fusion/windows.ts'
import { isColdmeshError } from '../../../../src/ports/errors.ts'
import { checkpoint, LAYOUT, NON_FINITE, offsetOf, stream } from './support.ts'

const RULES = [
  'mean/1',
  'mean/1,step=0.5',
  'weighted-mean/1,maxRows=100',
  'clipped-mean/1',
  'trimmed-mean/1,trim=1',
  'median/1',
  'ties/1,density=1',
  'ties/1,density=0.2',
  'ties/1,density=0.2,scale=0.3,step=0.5',
]
const WINDOWS = Math.ceil(LAYOUT.totalBytes / WINDOW_BYTES)
const ROWS = [3, 50, 200]

/** A file in memory that says what is read of it. */
function fileOf(bytes: Uint8Array, read: Read): SampledFile {
  return {
    open: () => {
      read.opened += 1
      return stream(bytes)
    },
    readAt: async (offset, length) => {
      read.windows.add(offset / WINDOW_BYTES)
      // at an odd address, as a block in a Buffer may be
      const moved = Buffer.alloc(length + 1)
      moved.set(bytes.subarray(offset, offset + length), 1)
      return moved.subarray(1, 1 + Math.min(length, bytes.length - offset))
    },
  }
}

interface Read {
  opened: number
  readonly windows: Set<number>
}

const files = { base: checkpoint(0), inputs: [1, 2, 3].map(checkpoint), parents: [null, checkpoint(9), null] }

async function sample(rule: string, windows: readonly number[], { factors, ...changed }: Changes) {
  const read: Read = { opened: 0, windows: new Set() }
  const { base, inputs, parents } = { ...files, ...changed }
  const options = {
    ...{ ...parseRule(rule), layout: LAYOUT, rows: ROWS, factors, windows },
    base: fileOf(base, read),
    inputs: inputs.map((bytes) => fileOf(bytes, read)),
    parents: parents.map((bytes) => (bytes === null ? null : fileOf(bytes, read))),
  }
  return { fused: await Array.fromAsync(fuseSample(options)), read }
}

interface Changes extends Partial<typeof files> {
  readonly factors: readonly number[]
}

async function whole(rule: string): Promise<{ fused: Buffer; factors: readonly number[] }> {
  const chunks: Uint8Array[] = []
  let factors: readonly number[] = []
  const options = {
    ...{ ...parseRule(rule), layout: LAYOUT, rows: ROWS, base: () => stream(files.base) },
    inputs: files.inputs.map((bytes) => () => stream(bytes)),
    parents: files.parents.map((bytes) => (bytes === null ? null : () => stream(bytes))),
    onClipping: (clipping: { readonly factors: readonly number[] }) => {
      factors = clipping.factors
    },
  }
  for await (const chunk of fuseCheckpoints(options)) chunks.push(chunk)
  return { fused: Buffer.concat(chunks), factors }
}

describe('fuseSample', () => {
  for (const rule of RULES) {
    describe(rule, () => {
      let full: Awaited<ReturnType<typeof whole>>
      before(async () => {
        full = await whole(rule)
      })

      it('gives the bytes of the whole fusion, whichever windows are asked for', async () => {
        assert.ok(WINDOWS >= 3)
        const subset = fc.subarray(Array.from({ length: WINDOWS }, (_, window) => window))
        const property = fc.asyncProperty(subset, async (windows) => {
          const { fused } = await sample(rule, windows, full)
          assert.deepEqual(
            fused.map(({ window }) => window),
            windows,
          )
          for (const { window, fused: bytes } of fused) {
            const from = window * WINDOW_BYTES
            assert.ok(full.fused.subarray(from, from + WINDOW_BYTES).equals(bytes), `window ${window}`)
          }
        })
        await fc.assert(property, { numRuns: 2 ** WINDOWS, seed: 1 })
      })

      it('reads the windows alone, but for what an input of ties/1 keeps', async () => {
        const { read } = await sample(rule, [2], full)
        const isMeasured = rule.startsWith('ties/1,density=0')
        assert.equal(read.opened > 0, isMeasured)
        assert.deepEqual([...read.windows], isMeasured ? [] : [2])
      })
    })
  }

  it('names an input that ends too early, is no number, or has another header, where that is drawn', async () => {
    const [first = new Uint8Array(), ...others] = files.inputs
    const changed = (at: number, bytes: readonly number[]) => {
      const copy = Uint8Array.from(first)
      copy.set(bytes, at)
      return copy
    }
    const [nan = []] = NON_FINITE.F16
    const cases: readonly (readonly [Uint8Array, number, RegExp])[] = [
      [first.subarray(0, -1), WINDOWS - 1, /ends too early/],
      [changed(offsetOf('half', 600_002), nan), WINDOWS - 1, /NaN or infinity in tensor "half" at element 600002/],
      [changed(9, [0x20]), 0, /other header/],
      [changed(offsetOf('ids', 0), [7]), 0, /differs from the base in the integer tensor "ids"/],
    ]
    for (const [bad, window, message] of cases) {
      const inputs = [bad, ...others]
      await assert.rejects(sample('mean/1', [window], { inputs, factors: [] }), (error) => {
        assert.ok(isColdmeshError(error, 'bad-checkpoint'))
        assert.match(error.message, message)
        assert.equal(error.facts['input'], 0)
        return true
      })
      const elsewhere = window === 0 ? 1 : 0
      assert.equal((await sample('mean/1', [elsewhere], { inputs, factors: [] })).fused.length, 1)
    }
  })
})
