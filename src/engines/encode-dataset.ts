import { tmpdir } from 'node:os'
import { readExamples } from '../adapters/datasets/index.ts'
import { createSpillingStore } from '../adapters/files/token-file.ts'
import { type Dataset, type Example, type Examples, isStored } from '../ports/dataset.ts'
import { ColdmeshError } from '../ports/errors.ts'
import type { TrainingPlan } from '../ports/trainer.ts'
import { createHoldOut, heldOutShare } from '../training/hold-out.ts'
import type { LabelledRow } from '../training/learner.ts'
import { createRowPacker, rowsOf, type TokenRows } from '../training/rows.ts'
import { splitExamples } from '../training/split.ts'

/** Tokens kept in memory, four bytes each: what is more goes to a file. Of each of the two parts of a dataset. */
const MEMORY_TOKENS = 128 * 1024 ** 2

export interface EncodedDataset {
  readonly training: TokenRows
  readonly validation: TokenRows
}

interface EncodeOptions {
  readonly plan: Pick<TrainingPlan, 'validationFraction' | 'seed' | 'mode'>
  readonly encode: (example: Example) => LabelledRow
  readonly checkAborted: () => void
}

/**
 * The rows of a dataset to train on and to validate with, as tokens. Texts are read one at a time; rows of a dataset in a file are packed, and
 * those of many tokens kept in a temporary file until they are closed.
 *
 * @throws ColdmeshError `bad-dataset` when there are too few rows; `refused` when the disk is full; and as `readExamples`
 */
export async function encodeDataset(dataset: Dataset<Examples>, options: EncodeOptions): Promise<EncodedDataset> {
  const { examples, validation } = dataset
  const parts =
    validation === undefined && !isStored(examples)
      ? await encodeSplit(examples, options)
      : validation === undefined
        ? await encodeHeldOut(examples, options)
        : { training: await encodeAll(examples, options), validation: await encodeAll(validation, options) }
  if (parts.training.length > 0 && parts.validation.length > 0) return parts
  closeAll(parts)
  throw new ColdmeshError('bad-dataset', 'The dataset has too few rows to hold some out for validation', {
    facts: { rows: examples.length },
    hint: dataset.task === 'regression' ? 'Give more rows.' : 'Give at least two different texts of each label.',
  })
}

export function closeAll({ training, validation }: EncodedDataset): void {
  training.close()
  validation.close()
}

async function encodeSplit(examples: readonly Example[], options: EncodeOptions): Promise<EncodedDataset> {
  const { validationFraction: fraction, seed } = options.plan
  const split = splitExamples(examples, { fraction, seed })
  return {
    training: await encodeAll(split.training, options),
    validation: await encodeAll(split.validation, options),
  }
}

/** Reads the rows twice: what is held out is known once all were seen. */
async function encodeHeldOut(examples: Examples, options: EncodeOptions): Promise<EncodedDataset> {
  const { validationFraction, seed } = options.plan
  const fraction = heldOutShare(validationFraction, examples.length)
  const holdOut = createHoldOut({ fraction, seed })
  for await (const example of readExamples(examples)) {
    options.checkAborted()
    holdOut.add(example)
  }
  const isHeldOut = holdOut.choose()
  const writers = { training: createWriter(options), validation: createWriter(options) }
  await filled(Object.values(writers), async () => {
    for await (const example of readExamples(examples)) {
      writers[isHeldOut(example) ? 'validation' : 'training'].add(example)
    }
  })
  return { training: writers.training.rows(), validation: writers.validation.rows() }
}

async function encodeAll(examples: Examples, options: EncodeOptions): Promise<TokenRows> {
  const writer = createWriter(options)
  await filled([writer], async () => {
    for await (const example of readExamples(examples)) writer.add(example)
  })
  return writer.rows()
}

/** Nothing is left of rows that did not all come. */
async function filled(writers: readonly { close(): void }[], fill: () => Promise<void>): Promise<void> {
  try {
    await fill()
  } catch (error) {
    for (const writer of writers) writer.close()
    throw error
  }
}

/** Features of a frozen body are kept by row, so its rows are objects. */
function createWriter({ plan, encode, checkAborted }: EncodeOptions) {
  if (plan.mode === 'frozen') {
    const rows: LabelledRow[] = []
    return {
      add(example: Example): void {
        checkAborted()
        rows.push(encode(example))
      },
      rows: () => rowsOf(rows),
      close: () => {},
    }
  }
  const store = createSpillingStore({ folder: tmpdir(), memoryTokens: memoryTokens() })
  const packer = createRowPacker(store)
  return {
    add(example: Example): void {
      checkAborted()
      packer.add(encode(example))
    },
    rows: packer.rows,
    close: store.close,
  }
}

/** Of tests, fewer. */
function memoryTokens(): number {
  const given = Number(process.env['COLDMESH_MEMORY_TOKENS'])
  return given > 0 ? given : MEMORY_TOKENS
}
