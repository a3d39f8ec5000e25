import { tmpdir } from 'node:os'
import { type OnRead, readExamples } from '../adapters/datasets/index.ts'
import { createSpillingStore } from '../adapters/files/packed-file.ts'
import type { Dataset, Example, Examples } from '../ports/dataset.ts'
import { ColdmeshError } from '../ports/errors.ts'
import type { TrainingPlan } from '../ports/trainer.ts'
import { holdOutOf } from '../training/hold-out.ts'
import type { LabelledRow } from '../training/learner.ts'
import { createRowPacker, MEMORY_NUMBERS, type PackedStore, type RowPacker, type TokenRows } from '../training/rows.ts'

export interface EncodedRows extends Disposable {
  readonly rows: TokenRows
}

export interface EncodedDataset extends Disposable {
  /** Of both parts together: each row has a place below this. */
  readonly places: number
  readonly training: TokenRows
  readonly validation: TokenRows
}

interface EncodeOptions {
  readonly encode: (example: Example) => LabelledRow
  readonly checkAborted: () => void
  readonly onRead?: OnRead | undefined
}

/**
 * The rows of a dataset to train on and to validate with, as tokens. Texts are read once, one at a time; tokens are packed, and many of them
 * kept in a temporary file until it is disposed of.
 *
 * @throws ColdmeshError `bad-dataset` when there are too few rows; `refused` when the disk is full; and as `readExamples`
 */
export async function encodeDataset(
  { task, examples, validation }: Dataset<Examples>,
  options: EncodeOptions & { readonly plan: Pick<TrainingPlan, 'validationFraction' | 'seed'> },
): Promise<EncodedDataset> {
  const { store, packer, free } = createPacker()
  try {
    const heldOut = validation === undefined ? holdOutOf(examples, options.plan) : null
    await pack(packer, examples, options, heldOut?.add)
    const isHeldOut = heldOut?.choose() ?? (() => false)
    const read = packer.length
    if (validation !== undefined) await pack(packer, validation, options)
    const isValidation = (place: number) => place >= read || isHeldOut(place)
    const places = Uint32Array.from({ length: packer.length }, (_, place) => place)
    const training = packer.rows(places.filter((place) => !isValidation(place)))
    const parts = { places: packer.length, training, validation: packer.rows(places.filter(isValidation)) }
    if (parts.training.length > 0 && parts.validation.length > 0) return { ...parts, ...free }
    throw new ColdmeshError('bad-dataset', 'The dataset has too few rows to hold some out for validation', {
      facts: { rows: examples.length },
      hint: task === 'regression' ? 'Give more rows.' : 'Give at least two different texts of each label.',
    })
  } catch (error) {
    store.close()
    throw error
  }
}

/** Rows as tokens, in their order. @throws as `encodeDataset` */
export async function encodeRows(examples: Examples, options: EncodeOptions): Promise<EncodedRows> {
  const { store, packer, free } = createPacker()
  try {
    await pack(packer, examples, options)
    return { rows: packer.rows(), ...free }
  } catch (error) {
    store.close()
    throw error
  }
}

/** In memory, or in a temporary file when it is more than fits. */
export function createStore(what: string): PackedStore & Disposable {
  const store = createSpillingStore({ what, folder: tmpdir(), memoryNumbers: memoryNumbers() })
  return { ...store, [Symbol.dispose]: store.close }
}

function createPacker() {
  const store = createStore('tokens')
  return { store, packer: createRowPacker(store), free: { [Symbol.dispose]: () => store.close() } }
}

async function pack(
  packer: RowPacker,
  examples: Examples,
  { encode, checkAborted, onRead }: EncodeOptions,
  see: (example: Example) => void = () => {},
): Promise<void> {
  for await (const example of readExamples(examples, onRead)) {
    checkAborted()
    see(example)
    packer.add(encode(example))
  }
}

/** Of tests, fewer. */
function memoryNumbers(): number {
  const given = Number(process.env['COLDMESH_MEMORY_TOKENS'])
  return given > 0 ? given : MEMORY_NUMBERS
}
