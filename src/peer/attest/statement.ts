import type { CID } from 'multiformats/cid'
import { toHex } from '../../../protocols/wire/bytes.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import type { AttestedBase } from './attested-base.ts'
import type { AttestedHistory } from './attested-history.ts'
import type { Json } from './canonical-json.ts'
import { directoryHash, type FileDigest } from './file-digests.ts'
import { amendmentJson, certificateJson, committeeJson, contributionJson, listJson, reportJson } from './statements.ts'

/** A name of our own, under no domain: one that somebody must go on paying for is no name for ever. */
export const PREDICATE_TYPE = 'urn:coldmesh:predicate:base:v1'

/** What the signer found when it verified the base; its word, not the network's. */
export interface VerificationJson {
  readonly level: string
  readonly valid: boolean
  readonly certified: boolean
  readonly rounds: number
  readonly reproduced: number
}

/**
 * An in-toto Statement v1 about a base: a function of the base, its certificate, the reports and the signer's verification.
 * docs/schemas/base-v1.schema.json has its form.
 * @throws ColdmeshError `not-valid` when the base's own lineage does not hold
 */
export function baseStatement(options: {
  readonly attested: AttestedBase
  readonly history: AttestedHistory
  readonly files: readonly FileDigest[]
  /** CID of model.safetensors. */
  readonly weights: CID
  readonly verification: VerificationJson | null
}) {
  const { attested, files } = options
  const cid = String(attested.base)
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [
      ...files.map(({ name, sha256 }) => ({ name, digest: { sha256 } })),
      { name: cid, uri: `ipfs://${cid}`, digest: { dirHash: directoryHash(files) } },
    ],
    predicateType: PREDICATE_TYPE,
    predicate: predicateOf(options),
  } satisfies Json
}

function predicateOf({ attested, history, weights, verification }: Parameters<typeof baseStatement>[0]) {
  const { network, base, certificate, reports } = attested
  const { own, facts } = history
  return {
    base: String(base),
    weights: String(weights),
    network: {
      genesis: String(network.id),
      name: network.genesis.name,
      forkOf: network.genesis.forkOf === null ? null : String(network.genesis.forkOf),
    },
    ...(own === null ? WITHOUT_ROUND : roundOf(attested, own)),
    committee: facts === null ? null : committeeJson(facts),
    certificate: own === null || certificate === null ? null : certificateJson(certificate),
    reports: reports.map(reportJson),
    verification: verification === null ? null : { ...verification },
  }
}

/** Of the genesis' base, which no round made. */
const WITHOUT_ROUND = {
  round: 0,
  parent: null,
  rule: null,
  lists: [],
  inputs: [],
  excluded: [],
  amendment: null,
}

function roundOf({ network }: AttestedBase, { loaded, contents }: NonNullable<AttestedHistory['own']>) {
  const { round, lineage } = loaded
  if (contents === null) {
    throw new ColdmeshError('not-valid', `The lineage of round ${round} has a signature that does not hold.`, {
      hint: 'run coldmesh verify on this base',
    })
  }
  const { rule, params, factors, norms } = lineage.fusion
  return {
    round,
    parent: String(lineage.parent),
    rule: {
      name: rule,
      params: { ...params },
      factors: factors === undefined ? null : [...factors],
      norms: norms === undefined ? null : norms.map(toHex),
    },
    lists: lineage.lists.map(listJson),
    inputs: contents.inputs.map((input) => contributionJson(input, network)),
    excluded: contents.excluded.map(({ contribution, reason }) => {
      return { id: String(contribution.id), author: toHex(contribution.author), reason }
    }),
    amendment: lineage.amendment === undefined ? null : amendmentJson(round, lineage.amendment),
  }
}
