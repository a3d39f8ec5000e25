import type { CID } from 'multiformats/cid'
import { type Contribution, contribution } from '../../../protocols/contribution/messages.ts'
import { type Voucher, voucher } from '../../../protocols/membership/messages.ts'
import { metricReport, report } from '../../../protocols/report/messages.ts'
import { type InclusionList, inclusionList, type Precommit, precommit } from '../../../protocols/round/messages.ts'
import { compareCids } from '../../../protocols/wire/bytes.ts'
import type { Signed } from '../../../protocols/wire/envelope.ts'
import type { MessageOf } from '../../../protocols/wire/message.ts'
import { sign, type TestKey, type TestNetwork, testCid } from './network.ts'

type Fields<T> = Omit<T, 'kind' | 'author'>

/** A contribution that every rule likes; override what a test is about. */
export function contributionFields(
  { genesis, network }: TestNetwork,
  overrides: Partial<Fields<Contribution>> = {},
): Fields<Contribution> {
  return {
    network,
    round: 1,
    parent: genesis.base,
    checkpoint: testCid('checkpoint', 'file'),
    bytes: genesis.bytes,
    dataset: { name: 'reviews', task: 'sentiment', rows: 100, commitment: new Uint8Array(32).fill(7) },
    training: {
      trainer: 'onnx/1',
      optimizer: 'adamw',
      learningRate: 50_000,
      batch: 16,
      steps: 20,
      seed: 1,
      device: 'cpu',
      seconds: 3,
    },
    metrics: { name: 'accuracy', before: 500_000_000, after: 750_000_000 },
    providers: [],
    ...overrides,
  }
}

/** A signed contribution whose checkpoint is its author's own, unless overridden. */
export function contributionBy(
  key: TestKey,
  net: TestNetwork,
  overrides: Partial<Fields<Contribution>> = {},
): Signed<Contribution> {
  const checkpoint = testCid(`checkpoint of ${key.name}`, 'file')
  return sign(contribution, contributionFields(net, { checkpoint, ...overrides }), key)
}

/** A signed voucher for rounds 1 to 10, unless overridden. */
export function voucherBy(
  member: TestKey,
  { network }: Pick<TestNetwork, 'network'>,
  contributor: TestKey,
  range: { readonly from?: number; readonly until?: number } = {},
): Signed<Voucher> {
  return sign(voucher, { network, contributor: contributor.publicKey, from: 1, until: 10, ...range }, member)
}

/** A signed list of these contributions, in the order that SPEC wants. */
export function listBy(
  key: TestKey,
  net: TestNetwork,
  contributions: readonly { readonly id: CID }[],
  overrides: Partial<Fields<InclusionList>> = {},
): Signed<InclusionList> {
  const ids = contributions.map(({ id }) => id).sort(compareCids)
  const fields = { network: net.network, round: 1, parent: net.genesis.base, seq: 0, contributions: ids, ...overrides }
  return sign(inclusionList, fields, key)
}

/** A signed report about the genesis' base that every rule likes; override what a test is about. */
export function reportBy(
  key: TestKey,
  net: TestNetwork,
  overrides: Partial<Fields<AccuracyReport>> = {},
): Signed<AccuracyReport> {
  return sign(report, { ...reportFields(net), metric: 'accuracy', ...overrides }, key)
}

/** The same by another metric. */
export function metricReportBy(
  key: TestKey,
  net: TestNetwork,
  overrides: Partial<Fields<MetricReport>> = {},
): Signed<MetricReport> {
  return sign(metricReport, { ...reportFields(net), metric: 'pearson-spearman', ...overrides }, key)
}

type AccuracyReport = MessageOf<typeof report>
type MetricReport = MessageOf<typeof metricReport>

function reportFields(net: TestNetwork): Omit<Fields<AccuracyReport>, 'metric'> {
  return {
    network: net.network,
    base: net.genesis.base,
    round: 0,
    seq: 0,
    task: { name: 'reviews', labels: 2, rows: 1000, testRows: 200 },
    mode: 'frozen',
    value: 734_000_000,
    standardError: 4_000_000,
    seeds: [1, 2, 3],
    plan: new Uint8Array(32).fill(9),
    engine: 'onnx',
  }
}

/** Precommits of these members for one base. */
export function precommitsBy(
  keys: readonly TestKey[],
  vote: Pick<Precommit, 'network' | 'round' | 'view' | 'base'>,
): readonly Signed<Precommit>[] {
  return keys.map((key) => sign(precommit, vote, key))
}
