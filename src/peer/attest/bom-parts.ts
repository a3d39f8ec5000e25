import type { AttestedHistory } from './attested-history.ts'
import {
  baseComponent,
  baseRef,
  type Component,
  contributionComponent,
  contributionRef,
  datasetComponent,
  datasetRef,
  properties,
} from './bom-components.ts'
import type { BomSubject } from './ml-bom.ts'
import type { ContributionJson } from './statements.ts'

/** What is in the weights: the inputs of every round that no rollback reverted. */
export function inputsInForce({ rounds }: AttestedHistory): readonly ContributionJson[] {
  return rounds.filter(({ revertedBy }) => revertedBy === null).flatMap(({ inputs }) => inputs)
}

/** Numbers of the rounds that a rollback reverted. */
export const revertedRounds = ({ rounds }: AttestedHistory) =>
  rounds.filter(({ revertedBy }) => revertedBy !== null).map(({ round }) => String(round))

/** Everything besides the model itself, each once, and what was made from what. */
export function partsOf({ attested, history, model }: BomSubject) {
  const { genesis } = attested.network
  const parts = new Map<string, Component>()
  const dependencies = new Map<string, readonly string[]>()
  const add = (part: Component, by: number | null = null) => {
    const known = parts.get(part['bom-ref'])
    // what is in the weights by another round is in them
    if (known === undefined || by === null) parts.set(part['bom-ref'], by === null ? part : reverted(part, by))
  }
  const start = String(genesis.base)
  if (history.rounds.length > 0) {
    add(baseComponent({ cid: start, round: 0, name: genesis.name, license: model.license }))
  }
  dependencies.set(baseRef(start), [])
  for (const { round, base, parent, inputs, rolledBackTo, revertedBy } of history.rounds) {
    if (round < history.rounds.length) {
      add(baseComponent({ cid: base, round, name: genesis.name, license: null }), revertedBy)
    }
    for (const input of inputs) {
      add(contributionComponent(input), revertedBy)
      add(datasetComponent(input), revertedBy)
      dependencies.set(contributionRef(input), [baseRef(input.parent), datasetRef(input)])
      dependencies.set(datasetRef(input), [])
    }
    // A rollback was made from the base that it names: what it reverted is a part of the history, and nothing depends on it.
    dependencies.set(baseRef(base), [baseRef(rolledBackTo ?? parent), ...inputs.map(contributionRef)])
  }
  return {
    components: [...parts.values()],
    dependencies: [...dependencies].map(([ref, dependsOn]) => ({ ref, dependsOn: [...new Set(dependsOn)] })),
  }
}

/** In the history, and not in the weights. */
function reverted(part: Component, by: number): Component {
  const said = properties({ 'reverted-by-round': `${by}: in the history, and not in the weights` })
  const own = part['properties']
  return { ...part, properties: [...(Array.isArray(own) ? own : []), ...said] }
}
