import {
  billionths,
  bytes,
  directoryCid,
  fileCid,
  list,
  nullable,
  optional,
  record,
  text,
  uint,
} from '../wire/fields.ts'
import { MAX_CONTRIBUTION_BYTES, MAX_VOUCHER_ENVELOPE_BYTES } from '../wire/limits.ts'
import { declareMessage, type MessageOf } from '../wire/message.ts'

export const MAX_PROVIDERS = 4

/** The signed statement that offers a finetuned checkpoint to a round. Rates and metrics in billionths. */
export const contribution = declareMessage({
  kind: 'contribution/1',
  maxBytes: MAX_CONTRIBUTION_BYTES,
  fields: {
    round: uint({ min: 1 }),
    parent: directoryCid(),
    checkpoint: fileCid(),
    bytes: uint({ min: 8 }),
    dataset: record({
      name: text({ minBytes: 1, maxBytes: 64 }),
      task: text({ minBytes: 1, maxBytes: 64 }),
      rows: uint({ min: 1 }),
      commitment: bytes({ exactly: 32 }),
      license: optional(text({ minBytes: 1, maxBytes: 64 })),
    }),
    training: record({
      trainer: text({ minBytes: 1, maxBytes: 64 }),
      optimizer: text({ minBytes: 1, maxBytes: 32 }),
      learningRate: billionths(),
      batch: uint({ min: 1 }),
      steps: uint(),
      seed: uint(),
      device: text({ minBytes: 1, maxBytes: 64 }),
      seconds: uint(),
    }),
    metrics: record({
      name: text({ minBytes: 1, maxBytes: 32 }),
      before: nullable(billionths()),
      after: billionths(),
    }),
    head: optional(fileCid()),
    providers: list(text({ minBytes: 1, maxBytes: 200 }), { max: MAX_PROVIDERS }),
    voucher: optional(bytes({ atMost: MAX_VOUCHER_ENVELOPE_BYTES })),
  },
})

export type Contribution = MessageOf<typeof contribution>
