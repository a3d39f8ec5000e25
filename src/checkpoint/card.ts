import { escapeMarkdown } from './escape.ts'

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
export function renderCard(facts: CardFacts): Uint8Array {
  const sections = [frontMatter(), introduction(facts), inputs(facts), excluded(facts), verification(), use()]
  return new TextEncoder().encode(`${sections.filter((section) => section !== '').join('\n\n')}\n`)
}

function frontMatter(): string {
  return `---
library_name: transformers
pipeline_tag: feature-extraction
tags:
- coldmesh
- cold-fusion
- model-fusion
- feature-extraction
---`
}

function introduction(facts: CardFacts): string {
  const { networkName, round, network, parent, weights, rule } = facts
  const count = facts.inputs.length
  return `# ${escapeMarkdown(networkName)}, round ${integer(round)}

This directory is a *base* of a coldmesh network: one shared model that peers keep improving without sharing their data.
In each round, peers finetune the base on their own tasks, and the round's checkpoints are fused into the next base by
a fixed rule that every member of the network's committee recomputes before it votes.
The weights are the encoder alone; every task keeps its own head.

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
  if (facts.rolledBackTo !== undefined) {
    return `## Contributions

None: a quorum of the committee went back to an earlier base, ${code(facts.rolledBackTo)}, and these are its weights.
What the rounds since then fused stays in the history, and is in these weights no more.`
  }
  if (facts.inputs.length === 0) {
    return `## Contributions

None: this round kept the weights of its parent.`
  }
  const rows = facts.inputs.map((input) => {
    const license = input.license === null ? 'not stated' : escapeMarkdown(input.license)
    const stated = [escapeMarkdown(input.datasetName), escapeMarkdown(input.task), integer(input.rows), license]
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

function use(): string {
  return `## Use

    from transformers import AutoModel, AutoTokenizer
    model = AutoModel.from_pretrained("path/to/this/directory")
    tokenizer = AutoTokenizer.from_pretrained("path/to/this/directory")

Put a new head on top and finetune it on your task. Peers may have contributed any data: judge the base on your own task
before you rely on it.`
}

/** A CID, key or rule name; anything else is escaped like a peer's text. */
function code(text: string): string {
  return /^[A-Za-z0-9/_-]{1,128}$/.test(text) ? `\`${text}\`` : escapeMarkdown(text)
}

/** Decimal digits alone: no locale, exponent or fraction. */
function integer(value: number): string {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`a card has integers only, not ${value}`)
  return String(value)
}
