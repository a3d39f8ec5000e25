import { billionths, bytes, directoryCid, list, oneOf, record, text, uint } from '../wire/fields.ts'
import { MAX_REPORT_BYTES } from '../wire/limits.ts'
import { declareMessage, type MessageOf } from '../wire/message.ts'

/** Seeds that one report may rest on. */
export const MAX_SEEDS = 32

/** Someone's signed evaluation of a base. Values in billionths. Advisory: nothing that is agreed on depends on it. */
export const report = declareMessage({
  kind: 'report/1',
  maxBytes: MAX_REPORT_BYTES,
  fields: {
    base: directoryCid(),
    round: uint(),
    seq: uint({ max: 255 }),
    task: record({
      name: text({ minBytes: 1, maxBytes: 64 }),
      labels: uint({ min: 2 }),
      rows: uint({ min: 1 }),
      testRows: uint({ min: 1 }),
    }),
    mode: oneOf('frozen', 'full', 'few-shot'),
    metric: oneOf('accuracy'),
    value: billionths(),
    standardError: billionths(),
    seeds: list(uint(), { min: 1, max: MAX_SEEDS }),
    plan: bytes({ exactly: 32 }),
    engine: text({ minBytes: 1, maxBytes: 64 }),
  },
})

export type Report = MessageOf<typeof report>
