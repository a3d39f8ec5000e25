import { ColdmeshError } from '../ports/errors.ts'
import type { CardFacts, CardInput } from './card.ts'
import { amendmentLines, type CardAmendment, type CardRule, parameters } from './card-amendment.ts'
import { code, integer, licence, TAGS, table, USE, WHAT_A_BASE_IS, wentBack } from './card-text.ts'
import { escapeMarkdown } from './escape.ts'

/** What card/3 says beyond card/1. All of it is in genesis, lineage, and the terms that are in force in the round. */
export interface Card3Facts extends Omit<CardFacts, 'inputs' | 'excluded'>, CardRule {
  readonly card: 'card/3'
  readonly inputs: readonly Card3Input[]
  readonly excluded: readonly {
    readonly id: string
    readonly author: string
    /** A peer's text. */
    readonly task: string
    readonly reason: string
  }[]
  /** In the order of the terms; names are peers' texts. */
  readonly committee: readonly { readonly name: string; readonly key: string }[]
  /** Members that decide, and against what: `byzantine` or `crash`. */
  readonly votes: number
  readonly quorum: string
  /** Null where the lineage embeds none. */
  readonly amendment: CardAmendment | null
}

export interface Card3Input extends CardInput {
  /** Round that the contribution says: that of the base, or an earlier one. */
  readonly round: number
  /** CID of the base that it was trained from. */
  readonly parent: string
  /** To the data: 64 hex digits. */
  readonly commitment: string
  /** With clipped-mean/1: the squared norm as 16 hex digits, and what of the change counted, in 65536ths. */
  readonly clipping: { readonly norm: string; readonly factor: number } | null
}

/**
 * card/3: README.md of a base, with what each contribution counted, who decided and what was changed. A function of its facts, byte for byte;
 * frozen by test/vectors/checkpoint/card.v3.json. docs/fusion.md has the template.
 */
export function renderCard3(facts: Card3Facts): Uint8Array {
  const sections = [
    frontMatter(facts),
    introduction(facts),
    inputs(facts),
    excluded(facts),
    amendment(facts),
    committee(facts),
    verification(facts),
    USE,
  ]
  return new TextEncoder().encode(`${sections.filter((section) => section !== '').join('\n\n')}\n`)
}

function frontMatter({ network, round, parent, weights, rule, inputs }: Card3Facts): string {
  return `---
${TAGS}
coldmesh:
  card: card/3
  network: ${plain(network)}
  round: ${integer(round)}
  parent: ${plain(parent)}
  weights: ${plain(weights)}
  rule: ${plain(rule)}
  inputs: ${integer(inputs.length)}
---`
}

function introduction(facts: Card3Facts): string {
  const { networkName, round, network, parent, weights, rule, votes, quorum } = facts
  const rows = [
    ['network (genesis)', code(network)],
    ['round', integer(round)],
    ['parent base', code(parent)],
    ['weights (model.safetensors)', code(weights)],
    ['fusion rule', code(rule)],
    ['parameters', parameters(facts)],
    ['contributions fused', integer(facts.inputs.length)],
    ['contributions left out', integer(facts.excluded.length)],
    ['committee', `${integer(votes)} of ${integer(facts.committee.length)} members decide (${code(quorum)})`],
  ]
  const [head, ...body] = rows.map((row) => `| ${row.join(' | ')} |`)
  return `# ${escapeMarkdown(networkName)}, round ${integer(round)}

${WHAT_A_BASE_IS}

| | |
|---|---|
${[head, ...body].join('\n')}`
}

function inputs(facts: Card3Facts): string {
  if (facts.rolledBackTo !== undefined) return wentBack(facts.rolledBackTo)
  if (facts.inputs.length === 0) {
    return `## Contributions

None: this round kept the weights of its parent.`
  }
  const stated = facts.inputs.map(({ task, datasetName, rows, license }, at) => {
    return [integer(at + 1), escapeMarkdown(task), escapeMarkdown(datasetName), integer(rows), licence(license)]
  })
  const named = facts.inputs.map((input, at) => {
    const { id, author, checkpoint, commitment } = input
    return [integer(at + 1), code(id), code(author), code(checkpoint), trainedFrom(facts, input), code(commitment)]
  })
  return `## Contributions

Task, dataset, rows and licence are the contributors' own statements; nobody has checked them. What a contribution counts
follows from the fusion rule.

${table(
  ['#', 'task', 'dataset', 'rows', 'licence', 'counts'],
  stated.map((cells, at) => [...cells, counts(facts, at)]),
)}

${table(['#', 'contribution', 'author', 'checkpoint', 'trained from', 'commitment to the data'], named)}${clipping(facts)}`
}

/** Of how many rounds before, only the round's number is said: what is late by rounds with inputs is in the history, not in the lineage. */
function trainedFrom({ round }: Card3Facts, input: Card3Input): string {
  return input.round === round ? 'the parent' : `round ${integer(input.round - 1)}, ${code(input.parent)}`
}

function counts({ rule, params, inputs }: Card3Facts, at: number): string {
  const input = inputs[at]
  const share = `1/${integer(inputs.length)}`
  if (rule === 'mean/1') return share
  if (rule === 'clipped-mean/1' && input?.clipping) return `${integer(input.clipping.factor)}/65536 of ${share}`
  if (rule !== 'weighted-mean/1' || input === undefined) return 'by element'
  const most = params.find(([name]) => name === 'maxRows')?.[1] ?? Number.MAX_SAFE_INTEGER
  const rowsOf = (one: Card3Input) => Math.min(most, one.rows)
  return `${integer(rowsOf(input))}/${integer(inputs.reduce((sum, one) => sum + rowsOf(one), 0))}`
}

function clipping({ inputs }: Card3Facts): string {
  const rows = inputs.flatMap(({ clipping }, at) =>
    clipping === null ? [] : [[integer(at + 1), code(clipping.norm), integer(clipping.factor)]],
  )
  if (rows.length === 0) return ''
  return `

The squared norm is that of the difference which a contribution makes, as the 8 bytes of a double, big-endian; the factor
is how much of the difference counted, in 65536ths.

${table(['#', 'squared norm', 'factor'], rows)}`
}

function excluded({ excluded }: Card3Facts): string {
  if (excluded.length === 0) return ''
  const rows = excluded.map(({ id, author, task, reason }) => [
    code(id),
    code(author),
    escapeMarkdown(task),
    escapeMarkdown(reason),
  ])
  return `## Left out

${table(['contribution', 'author', 'task', 'reason'], rows)}`
}

function amendment({ amendment, round }: Card3Facts): string {
  if (amendment === null) return ''
  return `## Amendment

This base embeds the amendment ${code(amendment.id)}, which a quorum of the committee approved. ${amendment.rollback === undefined ? `From round ${integer(round + 2)} on` : 'With this base'}:

${amendmentLines(amendment)
  .map((line) => `- ${line}`)
  .join('\n')}`
}

function committee({ committee, votes }: Card3Facts): string {
  return `## Committee

A base is final when ${integer(votes)} of these members have signed its certificate, which is kept beside its directory.

${table(
  ['member', 'key'],
  committee.map(({ name, key }) => [escapeMarkdown(name), code(key)]),
)}`
}

function verification({ network }: Card3Facts): string {
  return `## Verify

\`lineage.cbor\` beside this file names the parent, the inputs and the rule, with every signature of the round. So the CID
of this directory commits to the whole history, and whoever served it need not be trusted. Two things have to come from
somebody you trust: the CID of the network's genesis, and the CID of this directory, which can't be written inside it.

With coldmesh, all signatures back to the genesis, and all fusions again where the inputs can be had:

    coldmesh verify path/to/this/directory --trust ${plain(network)}

With other tools:

- The CID of this directory, and of each file in it, is what \`ipfs add --recursive --only-hash\` gives under the profile
  unixfs-v1-2025. \`lineage.cbor\` and this file are one raw block each: the digest in their CID is the file's SHA-256.
- \`lineage.cbor\` is canonical dag-cbor; signatures are Ed25519 over the pre-authentication encoding of DSSE. coldmesh's
  sources specify them under \`protocols\`, and the arithmetic and this card in \`docs/fusion.md\`, with a second
  implementation in Python under \`test/reference\`.
- Whoever has the data of a contribution can prove one row of it against the commitment above, by SHA-256 alone
  (\`protocols/dataset\`).`
}

/** Stands in YAML and in a command line as it is. @throws ColdmeshError `not-valid` for a lineage's rule that is none */
function plain(text: string): string {
  if (!/^[a-z0-9][a-z0-9/-]{0,127}$/.test(text)) {
    throw new ColdmeshError('not-valid', `no CID and no rule: ${JSON.stringify(text)}`)
  }
  return text
}
