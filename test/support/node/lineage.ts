import { createHash } from 'node:crypto'
import type { LogEntry, ReportEntry } from 'coldmesh'
import type { LineageSource } from '../../../node/html/collect.ts'

const hex = (name: string) => createHash('sha256').update(name).digest('hex')
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567'
/** As long as a CID, and of its letters. */
export const cidOf = (name: string) =>
  `bafy${[...hex(name)]
    .map((digit) => BASE32[Number.parseInt(digit, 16)])
    .join('')
    .slice(0, 55)}`

export interface LineageShape {
  readonly rounds: number
  readonly inputs: (round: number) => number
  /** What contributors wrote, by their number. */
  readonly text?: (kind: 'task' | 'dataset' | 'license' | 'metric', n: number) => string
  /** Rules with clipping state norms. */
  readonly isClipped?: boolean
}

function inputOf(shape: LineageShape, round: number, n: number): LogEntry['inputs'][number] {
  const { text = (kind, of) => `${kind} ${of % 11}` } = shape
  const isLate = round > 4 && n === 2
  return {
    id: cidOf(`contribution ${round} ${n}`),
    author: hex(`author ${n}`),
    checkpoint: cidOf(`checkpoint ${round} ${n}`),
    task: text('task', n),
    dataset: text('dataset', n),
    rows: 10 ** (1 + (n % 6)),
    license: n % 3 === 0 ? null : text('license', n),
    commitment: hex(`data ${n}`),
    metric: { name: text('metric', n), before: n % 2 === 0 ? null : 0.5, after: 0.75 },
    clipping: shape.isClipped ? { norm: '4010000000000000', factor: 32_768 } : null,
    trainedFrom: { round: isLate ? round - 4 : round - 1, base: cidOf(`base ${isLate ? round - 4 : round - 1}`) },
    vouchedBy: n === 1 ? hex('member') : null,
    staleness: isLate ? 3 : 0,
  }
}

/** The entries of a log, newest first, with an amendment, evidence, reports and what was left out in some. */
export async function* entriesOf(shape: LineageShape): AsyncGenerator<LogEntry> {
  const { text = (kind, of) => `${kind} ${of % 11}` } = shape
  for (let round = shape.rounds; round > 0; round--) {
    yield {
      round,
      base: cidOf(`base ${round}`),
      parent: cidOf(`base ${round - 1}`),
      aggregator: hex('member'),
      view: 0,
      rule: shape.isClipped ? 'clipped-mean/1' : 'mean/1',
      inputs: Array.from({ length: shape.inputs(round) }, (_, n) => inputOf(shape, round, n)),
      amendment:
        round % 7 === 3
          ? {
              id: cidOf(`amendment ${round}`),
              change: { add: [{ name: text('task', 0), key: hex('new') }] },
              from: round + 2,
            }
          : null,
      excluded: round % 5 === 2 ? [{ id: cidOf(`excluded ${round}`), author: hex('idler'), reason: 'no-change' }] : [],
      revertedBy: null,
      reports: [reportOn(round, text('task', 1))],
      evidence:
        round % 9 === 4
          ? [
              {
                id: cidOf(`evidence ${round}`),
                author: hex('member'),
                name: text('task', 2),
                round,
                kind: 'prevote/1',
                contradiction: 'same-slot',
                seenMs: 0,
              },
            ]
          : [],
    }
  }
}

function reportOn(round: number, task: string): ReportEntry {
  return {
    id: cidOf(`report ${round}`),
    author: hex('judge'),
    base: cidOf(`base ${round}`),
    round,
    task,
    mode: 'frozen',
    metric: 'accuracy',
    value: 0.5 + round / (round + 10) / 3,
    standardError: 0.01,
    seeds: [1, 2],
    rows: 100,
    testRows: 100,
    labels: 2,
    plan: hex('plan'),
    engine: 'onnx',
  }
}

export function sourceOf(shape: LineageShape, changes: Partial<LineageSource> = {}): LineageSource {
  const { text = (kind, of) => `${kind} ${of % 11}` } = shape
  return {
    network: cidOf('genesis'),
    networkName: text('task', 0),
    head: cidOf(`base ${shape.rounds}`),
    log: () => entriesOf(shape),
    reports: async () => [reportOn(0, text('task', 1))],
    fork: async () => null,
    measure: async () => null,
    ...changes,
  }
}
