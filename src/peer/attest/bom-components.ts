import { createHash } from 'node:crypto'
import type { Json } from './canonical-json.ts'
import { canonicalJson } from './canonical-json.ts'
import { readLicence } from './licence-text.ts'
import type { ContributionJson } from './statements.ts'

// Components of a CycloneDX 1.6 document: https://cyclonedx.org/docs/1.6/json/. Texts in them are peers' own.

export type Component = { readonly [name: string]: Json } & { readonly 'bom-ref': string }

/** Names of our own for what CycloneDX has no field for. */
export function properties(values: Readonly<Record<string, string>>) {
  return Object.entries(values).map(([name, value]) => ({ name: `coldmesh:${name}`, value }))
}

const content = (cid: string) => ({ type: 'distribution', url: `ipfs://${cid}` })

/** As stated: an SPDX expression, or a name. None where none is stated. */
function licencesOf(license: string | null) {
  const read = readLicence(license)
  if (read.kind === 'not-stated') return {}
  if (read.kind === 'named') return { licenses: [{ license: { name: read.name, acknowledgement: 'declared' } }] }
  return { licenses: [{ expression: read.expression, acknowledgement: 'declared' }] }
}

export const baseRef = (cid: string) => `base:${cid}`
export const contributionRef = ({ id }: Pick<ContributionJson, 'id'>) => `contribution:${id}`
/** Equal for equal statements of one author: a dataset that serves in many rounds is there once. */
export const datasetRef = ({ author, dataset }: Pick<ContributionJson, 'author' | 'dataset'>) =>
  `data:${createHash('sha256').update(canonicalJson({ author, dataset })).digest('hex')}`

/** An earlier base. @param license of the genesis' base, where its card states one */
export function baseComponent(base: { cid: string; round: number; name: string; license: string | null }): Component {
  return {
    'bom-ref': baseRef(base.cid),
    type: 'machine-learning-model',
    name: base.name,
    version: `round ${base.round}`,
    ...licencesOf(base.license),
    externalReferences: [content(base.cid)],
  }
}

/** What one contributor made of a base. */
export function contributionComponent(contribution: ContributionJson): Component {
  const { id, author, checkpoint, round, dataset, training, metrics } = contribution
  return {
    'bom-ref': contributionRef(contribution),
    type: 'machine-learning-model',
    name: dataset.task,
    version: id,
    description: 'A finetuned checkpoint that went into a base. Task, data and training are its author’s statements.',
    externalReferences: [content(checkpoint)],
    modelCard: { modelParameters: { datasets: [{ ref: datasetRef(contribution) }] } },
    properties: properties({
      author,
      round: String(round),
      trainer: training.trainer,
      steps: String(training.steps),
      [`metric:${metrics.name}:after`]: fromBillionths(metrics.afterBillionths),
    }),
  }
}

/** What a contributor says it trained on. */
export function datasetComponent(contribution: ContributionJson): Component {
  const { author, dataset } = contribution
  return {
    'bom-ref': datasetRef(contribution),
    type: 'data',
    name: dataset.name,
    description: 'As its contributor states; nobody has seen the data.',
    ...licencesOf(dataset.license),
    data: [{ type: 'dataset', name: dataset.name, governance: { owners: [{ organization: { name: author } }] } }],
    properties: properties({
      author,
      task: dataset.task,
      rows: String(dataset.rows),
      commitment: dataset.commitment,
      licence: dataset.license ?? 'not stated',
    }),
  }
}

/** Exact: `0.925`, `1`, `0`. */
export function fromBillionths(value: number): string {
  const digits = String(value).padStart(10, '0')
  return `${digits.slice(0, -9)}.${digits.slice(-9)}`.replace(/\.?0+$/, '')
}
