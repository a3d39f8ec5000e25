import { BILLION } from '../reports/entry.ts'
import type { AttestedBase } from './attested-base.ts'
import type { AttestedHistory } from './attested-history.ts'
import { baseRef, type Component, datasetRef, fromBillionths, properties } from './bom-components.ts'
import { inputsInForce, partsOf, revertedRounds } from './bom-parts.ts'
import { type Json, readableJson } from './canonical-json.ts'
import type { FileDigest } from './file-digests.ts'
import { readLicence } from './licence-text.ts'
import { type LicenceWarning, type StatedLicence, warnOfLicences } from './licence-warnings.ts'
import type { ModelFacts } from './model-facts.ts'
import { reportJson } from './statements.ts'
import { uuidOfUrl } from './uuid.ts'

export interface BomSubject {
  readonly attested: AttestedBase
  /** Complete. */
  readonly history: AttestedHistory
  readonly files: readonly FileDigest[]
  readonly model: ModelFacts
}

/** Every licence that somebody stated for what is in a base's weights. */
export function statedLicences({ history, model }: Pick<BomSubject, 'history' | 'model'>): readonly StatedLicence[] {
  const inputs = inputsInForce(history)
  return [
    { by: 'genesis', license: model.license },
    ...inputs.map(({ id, dataset }) => ({ by: id, license: dataset.license })),
  ]
}

/**
 * A CycloneDX 1.6 bill of materials of a base: the model with its files, every base before it, every contribution that went into one
 * of them and what it was trained on. A function of base, history and reports: no date, and a serial number from the base's CID.
 */
export function mlBom(subject: BomSubject): { readonly text: string; readonly warnings: readonly LicenceWarning[] } {
  const { attested, history } = subject
  const cid = String(attested.base)
  const warnings = warnOfLicences(statedLicences(subject))
  const { components, dependencies } = partsOf(subject)
  const text = readableJson({
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${uuidOfUrl(`ipfs://${cid}`)}`,
    version: 1,
    metadata: {
      component: modelComponent(subject),
      properties: properties({ network: String(attested.network.id), round: String(history.rounds.length) }),
    },
    components,
    dependencies,
    compositions: [{ aggregate: 'complete', assemblies: [baseRef(cid)], dependencies: [baseRef(cid)] }],
    properties: warnings.map(warningProperty),
  })
  return { text, warnings }
}

const warningProperty = ({ kind, licences, contributions, why }: LicenceWarning) => ({
  name: `coldmesh:licence-warning:${kind}`,
  value: `${[...licences, why].join(': ')} No legal advice. Stated by: ${contributions.join(' ')}`,
})

function modelComponent({ attested, history, files, model }: BomSubject): Component {
  const { network, base } = attested
  const cid = String(base)
  const weights = files.find(({ name }) => name === 'model.safetensors')
  const own = history.rounds.at(-1)
  const parent = own?.rolledBackTo ?? own?.parent
  const parentRound = history.rounds.find(({ base }) => base === parent)?.round ?? 0
  const inputs = inputsInForce(history)
  const reverted = revertedRounds(history)
  return {
    'bom-ref': baseRef(cid),
    type: 'machine-learning-model',
    name: network.genesis.name,
    version: `round ${history.rounds.length}`,
    description:
      'A base of a coldmesh network: weights that were fused from contributions, by a rule that a committee recomputed.',
    ...(weights === undefined ? {} : { hashes: [{ alg: 'SHA-256', content: weights.sha256 }] }),
    ...evidenceOf(inputs.map(({ dataset }) => dataset.license).concat(model.license)),
    components: files.map(({ name, sha256 }) => ({
      'bom-ref': `file:${cid}/${name}`,
      type: 'file',
      name,
      hashes: [{ alg: 'SHA-256', content: sha256 }],
    })),
    externalReferences: [{ type: 'distribution', url: `ipfs://${cid}` }],
    ...(parent === undefined
      ? {}
      : {
          pedigree: {
            ancestors: [
              {
                type: 'machine-learning-model',
                name: network.genesis.name,
                version: `round ${parentRound}`,
                externalReferences: [{ type: 'distribution', url: `ipfs://${parent}` }],
              },
            ],
            notes:
              (own?.rolledBackTo ?? null) === null
                ? `Fused from ${own?.inputs.length ?? 0} contributions; see dependencies for those of all rounds.`
                : 'A rollback: it has the weights of this ancestor; see dependencies for what they were made from.',
          },
        }),
    modelCard: modelCard({ attested, model, datasets: [...new Set(inputs.map(datasetRef))] }),
    ...(reverted.length === 0 ? {} : { properties: properties({ 'reverted-rounds': reverted.join(' ') }) }),
  }
}

/** Nobody licensed the base as a whole: what is known are the licences that its parts were stated to have. */
function evidenceOf(stated: readonly (string | null)[]) {
  const names = stated.flatMap((license) => {
    const read = readLicence(license)
    return read.kind === 'not-stated' ? [] : [read.kind === 'spdx' ? read.expression : read.name]
  })
  const licenses = [...new Set(names)].sort().map((name) => ({ license: { name } }))
  return licenses.length === 0 ? {} : { evidence: { licenses } }
}

function modelCard({
  attested,
  model,
  datasets,
}: {
  attested: AttestedBase
  model: ModelFacts
  datasets: string[]
}): Json {
  const metrics = attested.reports
    .map(reportJson)
    .map(({ id, metric, task, mode, valueBillionths, standardErrorBillionths }) => ({
      type: metric,
      value: fromBillionths(valueBillionths),
      slice: `${task.name}, ${mode}, report ${id}`,
      ...(standardErrorBillionths === 0
        ? {}
        : { confidenceInterval: intervalOf(valueBillionths, standardErrorBillionths) }),
    }))
  return {
    modelParameters: {
      task: 'feature-extraction',
      ...(model.family === null ? {} : { architectureFamily: model.family }),
      ...(model.architecture === null ? {} : { modelArchitecture: model.architecture }),
      ...(datasets.length === 0 ? {} : { datasets: datasets.map((ref) => ({ ref })) }),
    },
    ...(metrics.length === 0 ? {} : { quantitativeAnalysis: { performanceMetrics: metrics } }),
    considerations: {
      technicalLimitations: [
        'Data, tasks, licences and reports are statements of those who signed them; nobody has checked them.',
        'Peers may have contributed any data: judge the model on your own task before you rely on it.',
      ],
    },
  }
}

/** One standard error to both sides, within 0 and 1. */
const intervalOf = (value: number, error: number) => ({
  lowerBound: fromBillionths(Math.max(0, value - error)),
  upperBound: fromBillionths(Math.min(BILLION, value + error)),
})
