import { type Card3Facts, renderCard3 } from './card-3.ts'
import { code, integer, licence, TAGS, USE, WHAT_A_BASE_IS, wentBack } from './card-text.ts'
import { escapeMarkdown } from './escape.ts'

/** README.md of a base, by the version of the card that its genesis names. */
export function renderCard(facts: CardFacts | Card3Facts): Uint8Array {
  return 'card' in facts ? renderCard3(facts) : renderCard1(facts)
}

/** What a base's card says, as plain data from genesis and lineage. CIDs and ids are text, base32 lower case. */
export interface CardFacts {
  /** The genesis' CID. */
  readonly network: string
  /** As the genesis has it; a peer's text. */
  readonly networkName: string
  readonly round: number
  /** CID of the base before. */
  readonly parent: string
  /** CID of `model.safetensors`. */
  readonly weights: string
  /** For example `mean/1`. */
  readonly rule: string
  /** CID of the earlier base whose weights these are, where the committee went back to it. */
  readonly rolledBackTo?: string
  /** In id order. */
  readonly inputs: readonly CardInput[]
  /** In id order. */
  readonly excluded: readonly { readonly id: string; readonly reason: string }[]
}

export interface CardInput {
  /** CID of the signed contribution. */
  readonly id: string
  /** Public key, as text. */
  readonly author: string
  /** CID of the contributor's `model.safetensors`. */
  readonly checkpoint: string
  /** A peer's text. */
  readonly datasetName: string
  /** A peer's text. */
  readonly task: string
  /** Rows trained on, as the contributor states. */
  readonly rows: number
  /** A peer's text, or null. */
  readonly license: string | null
}

/**
 * card/1: README.md of a base. A function of its facts, byte for byte; frozen by test/vectors/checkpoint/card.v1.json.
 * What a peer wrote is escaped; everything else is a CID, an integer or fixed text.
 */
function renderCard1(facts: CardFacts): Uint8Array {
  const sections = [frontMatter(), introduction(facts), inputs(facts), excluded(facts), verification(), USE]
  return new TextEncoder().encode(`${sections.filter((section) => section !== '').join('\n\n')}\n`)
}

function frontMatter(): string {
  return `---
${TAGS}
---`
}

function introduction(facts: CardFacts): string {
  const { networkName, round, network, parent, weights, rule } = facts
  const count = facts.inputs.length
  return `# ${escapeMarkdown(networkName)}, round ${integer(round)}

${WHAT_A_BASE_IS}

| | |
|---|---|
| network (genesis) | ${code(network)} |
| round | ${integer(round)} |
| parent base | ${code(parent)} |
| weights (model.safetensors) | ${code(weights)} |
| fusion rule | ${code(rule)} |
| contributions fused | ${integer(count)} |`
}

function inputs(facts: CardFacts): string {
  if (facts.rolledBackTo !== undefined) return wentBack(facts.rolledBackTo)
  if (facts.inputs.length === 0) {
    return `## Contributions

None: this round kept the weights of its parent.`
  }
  const rows = facts.inputs.map((input) => {
    const said = [escapeMarkdown(input.datasetName), escapeMarkdown(input.task), integer(input.rows)]
    const stated = [...said, licence(input.license)]
    return `| ${[code(input.id), code(input.author), code(input.checkpoint), ...stated].join(' | ')} |`
  })
  return `## Contributions

Dataset, task, rows and licence are the contributors' own statements; nobody has checked them.

| contribution | author | checkpoint | dataset | task | rows | licence |
|---|---|---|---|---|---|---|
${rows.join('\n')}`
}

function excluded(facts: CardFacts): string {
  if (facts.excluded.length === 0) return ''
  const rows = facts.excluded.map(({ id, reason }) => `| ${code(id)} | ${escapeMarkdown(reason)} |`)
  return `## Left out

| contribution | reason |
|---|---|
${rows.join('\n')}`
}

function verification(): string {
  return `## Verify

\`lineage.cbor\` beside this file names the parent, the inputs and the rule, with every signature of the round. So the CID
of this directory commits to the whole history, and anyone can check it, without trusting whoever served it:

    coldmesh verify <CID of this directory>

This checks every signature back to the genesis, fetches the inputs, fuses them again and compares the bytes. A CID can't
be written inside what it names: take it from where you got this directory, or compute it with \`ipfs add\` under the
profile unixfs-v1-2025.`
}
