import { billionths, bytes, directoryCid, list, oneOf, record, text, uint } from '../wire/fields.ts'
import { MAX_REPORT_BYTES } from '../wire/limits.ts'
import { declareMessage, type MessageOf } from '../wire/message.ts'

/** Seeds that one report may rest on. */
export const MAX_SEEDS = 32

const about = { base: directoryCid(), round: uint(), seq: uint({ max: 255 }) }
const rows = { name: text({ minBytes: 1, maxBytes: 64 }), rows: uint({ min: 1 }), testRows: uint({ min: 1 }) }
const result = {
  mode: oneOf('frozen', 'full', 'few-shot'),
  value: billionths(),
  standardError: billionths(),
  seeds: list(uint(), { min: 1, max: MAX_SEEDS }),
  plan: bytes({ exactly: 32 }),
  engine: text({ minBytes: 1, maxBytes: 64 }),
}

/** Someone's signed evaluation of a base. Values in billionths. Advisory: nothing that is agreed on depends on it. */
export const report = declareMessage({
  kind: 'report/1',
  maxBytes: MAX_REPORT_BYTES,
  fields: { ...about, task: record({ ...rows, labels: uint({ min: 2 }) }), metric: oneOf('accuracy'), ...result },
})

/** The same by another metric than accuracy, and of tasks without labels. */
export const metricReport = declareMessage({
  kind: 'metric-report/1',
  maxBytes: MAX_REPORT_BYTES,
  fields: {
    ...about,
    task: record({ ...rows, labels: uint() }),
    metric: oneOf('macro-f1', 'f1', 'matthews', 'micro-f1', 'exact-match', 'pearson-spearman', 'pearson', 'spearman'),
    ...result,
  },
})

export type Report = MessageOf<typeof report> | MessageOf<typeof metricReport>
