import { escapeMarkdown } from './escape.ts'

/** A model that was fused. */
export interface FusedSource {
  readonly name: string
  /** CID of its weights. */
  readonly weights: string
}

export interface FusedFacts {
  /** With its parameters, for example `ties/1,density=0.2`. */
  readonly rule: string
  /** CID of the result's weights. */
  readonly weights: string
  /** In the order in which they were summed; `share` where the rule takes weights. */
  readonly inputs: readonly (FusedSource & { readonly share: number | null })[]
  readonly base: FusedSource | null
}

/** README.md of models that were fused without a network: what, and how. */
export function renderFusedCard({ rule, weights, inputs, base }: FusedFacts): Uint8Array {
  const row = ({ name, weights: cid }: FusedSource, role: string) =>
    `| ${role} | ${escapeMarkdown(name)} | \`${cid}\` |`
  const rows = [
    ...(base === null ? [] : [row(base, 'base')]),
    ...inputs.map((input, index) =>
      row(input, `input ${index + 1}${input.share === null ? '' : `, weight ${input.share}`}`),
    ),
  ]
  const text = `---
library_name: transformers
tags:
- coldmesh
- model-fusion
---

# A fusion of ${inputs.length} models

Made by \`coldmesh fuse\` with the rule \`${rule}\`, exact to the bit: the same files and the same rule give the same bytes on
every machine.

| | model | CID of its weights |
|---|---|---|
${rows.join('\n')}
| result | this one | \`${weights}\` |

A CID is that of model.safetensors under the profile unixfs-v1-2025, as \`ipfs add\` computes it.
`
  return new TextEncoder().encode(text)
}
