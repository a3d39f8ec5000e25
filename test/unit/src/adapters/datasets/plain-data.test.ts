import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { openDataset } from '../../../../../src/adapters/datasets/index.ts'
import { encodeLayout } from '../../../../../src/checkpoint/layout.ts'
import {
  decodeCheckpoint,
  decodeHead,
  encodeCheckpoint,
  encodeHead,
} from '../../../../../src/checkpoint/safetensors.ts'

const folder = mkdtempSync(join(tmpdir(), 'coldmesh-plain-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const NAMES = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf'] as const

function write(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

/** Rows whose columns and labels are these names. */
const rowsOf = (name: string) => [1, 2, 3, 4].map((row) => [`text ${row}`, row % 2 === 0 ? name : 'other'] as const)

// fault 66
describe('names that every object has', () => {
  for (const name of NAMES) {
    it(`are columns and labels like others in a table: ${name}`, async () => {
      const lines = rowsOf(name).map(([text, label]) => `${text},${label}`)
      const path = write(`${name}.csv`, [`${name},label`, ...lines].join('\n'))
      const { examples, labels } = await openDataset(path, { text: name, label: 'label' })
      assert.deepEqual(
        examples.map(({ text }) => text),
        ['text 1', 'text 2', 'text 3', 'text 4'],
      )
      assert.deepEqual(labels, [name, 'other'].sort())
    })

    it(`are fields and labels like others in lines of JSON: ${name}`, async () => {
      const lines = rowsOf(name).map(([text, label]) => `{"${name}": ${JSON.stringify(text)}, "label": "${label}"}`)
      const path = write(`${name}.jsonl`, lines.join('\n'))
      const { examples, labels } = await openDataset(path, { text: name, label: 'label' })
      assert.equal(examples.length, 4)
      assert.deepEqual(labels, [name, 'other'].sort())
    })

    it(`are no column when they are not there: ${name}`, async () => {
      const path = write(`no ${name}.csv`, 'text,label\na,x\nb,y\n')
      await assert.rejects(openDataset(path, { text: name, label: 'label' }), /has no column/)
    })

    it(`are tensors, metadata and labels like others: ${name}`, () => {
      const tensor = { name, shape: [2], data: new Float32Array([1, 2]) }
      const layout = encodeLayout([{ name, dtype: 'F32', shape: [2] }], { format: 'pt', note: name })
      const read = decodeCheckpoint(encodeCheckpoint(layout, [tensor]))
      assert.deepEqual(read.weights, [tensor])
      const head = {
        labels: [name, 'other'],
        weights: [
          { name: 'classifier.weight', shape: [2, 1], data: new Float32Array([1, 2]) },
          { name: 'classifier.bias', shape: [2], data: new Float32Array([3, 4]) },
        ],
      }
      assert.deepEqual(decodeHead(encodeHead(head)), head)
    })
  }

  it('take no field from a prototype that a line of JSON brings along', async () => {
    const path = write('inherited.jsonl', '{"__proto__": {"text": "a", "label": "x"}}\n')
    await assert.rejects(openDataset(path, { text: 'text', label: 'label' }), /has no column "text"/)
  })

  it('change no other object', () => assert.deepEqual(Object.keys(Object.prototype), []))
})
