import { escapeMarkdown } from './escape.ts'

/** A CID, key or rule name; anything else is escaped like a peer's text. */
export function code(text: string): string {
  return /^[A-Za-z0-9/_-]{1,128}$/.test(text) ? `\`${text}\`` : escapeMarkdown(text)
}

/** Decimal digits alone: no locale, exponent or fraction. */
export function integer(value: number): string {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`a card has integers only, not ${value}`)
  return String(value)
}

/** What a peer states as a licence, or that it states none. */
export function licence(stated: string | null): string {
  return stated === null ? 'not stated' : escapeMarkdown(stated)
}

/** A table of Markdown; cells are escaped already. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n')
}

/** What every version of the card says of what a base is. */
export const WHAT_A_BASE_IS = `This directory is a *base* of a coldmesh network: one shared model that peers keep improving without sharing their data.
In each round, peers finetune the base on their own tasks, and the round's checkpoints are fused into the next base by
a fixed rule that every member of the network's committee recomputes before it votes.
The weights are the encoder alone; every task keeps its own head.`

export const USE = `## Use

    from transformers import AutoModel, AutoTokenizer
    model = AutoModel.from_pretrained("path/to/this/directory")
    tokenizer = AutoTokenizer.from_pretrained("path/to/this/directory")

Put a new head on top and finetune it on your task. Peers may have contributed any data: judge the base on your own task
before you rely on it.`

/** Of a base whose weights are those of an earlier one. */
export function wentBack(base: string): string {
  return `## Contributions

None: a quorum of the committee went back to an earlier base, ${code(base)}, and these are its weights.
What the rounds since then fused stays in the history, and is in these weights no more.`
}

/** What every card says of a base in its front matter, for the hub that shows it. */
export const TAGS = `library_name: transformers
pipeline_tag: feature-extraction
tags:
- coldmesh
- cold-fusion
- model-fusion
- feature-extraction`
