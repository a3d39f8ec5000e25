import type { RoundMessage } from '../../../protocols/round/rules.ts'
import { equalCids } from '../../../protocols/wire/bytes.ts'
import type { Signed } from '../../../protocols/wire/envelope.ts'
import type { Saying } from '../../../src/rounds/events.ts'
import { testCid } from '../../support/protocols/network.ts'
import { signSaying } from '../../support/rounds/speech.ts'
import type { Stage } from './stage.ts'

/** Views that the model looks at: 0 and 1. */
export const VIEWS = 2

/** A and B are what fusion gives for their lineages; nobody's fusion gives X, which stands on the lineage of A. */
export const VALUES = ['A', 'B', 'X', 'nil'] as const
export type Value = (typeof VALUES)[number]

/** One message that somebody may say. */
export interface Utterance {
  /** Its own bit in sets of messages. */
  readonly bit: bigint
  /** Place in the rank of who says it. */
  readonly author: number
  readonly slot: string
  readonly value: Value
  readonly view: number
  readonly signed: Signed<RoundMessage>
  /** For traces: `2 prevotes A in view 0`. */
  readonly text: string
}

export interface Universe {
  readonly stage: Stage
  /** Place in the rank of who lies. */
  readonly liar: number
  readonly utterances: readonly Utterance[]
  /** What a member says, signed: one of the utterances. */
  find(author: number, saying: Exclude<Saying, { kind: 'list/1' }>): Utterance
}

/** What can be said in views 0 and 1: honest members say any value but X, the liar any of its `lies`. */
export function createUniverse(stage: Stage, liar: number, lies: readonly Value[] = VALUES): Universe {
  const round = stage.head.round + 1
  const cidOf = (value: Value) => {
    if (value === 'nil') return null
    return value === 'X' ? testCid('a base that nobody can compute') : stage.bases[value].base
  }
  const utterances: Utterance[] = []
  const add = (author: number, value: Value, saying: Exclude<Saying, { kind: 'list/1' }>, verb: string) => {
    const key = stage.members[author]
    if (!key) throw new Error(`no member ${author}`)
    const { view } = saying
    const signed = signSaying(saying, key, stage.facts.id)
    const text = `${author} ${verb} in view ${view}`
    const slot = `${saying.kind}/${view}/${author}`
    utterances.push({ bit: 1n << BigInt(utterances.length), author, slot, value, view, signed, text })
  }
  for (const author of stage.members.keys()) {
    for (let view = 0; view < VIEWS; view++) {
      for (const value of VALUES) {
        const base = cidOf(value)
        if (author === liar ? !lies.includes(value) : value === 'X') continue
        for (const kind of ['prevote/1', 'precommit/1'] as const) {
          add(author, value, { kind, round, view, base }, `${kind.slice(0, -2)}s ${value}`)
        }
        if (base === null || author !== view) continue
        const lineage = stage.bases[value === 'B' ? 'B' : 'A'].lineage
        for (const validView of [null, ...Array.from({ length: view }, (_, earlier) => earlier)]) {
          const how = validView === null ? 'fresh' : `of view ${validView}`
          add(
            author,
            value,
            { kind: 'proposal/1', round, view, validView, lineage, base },
            `proposes ${value}, ${how},`,
          )
        }
      }
    }
  }
  return {
    stage,
    liar,
    utterances,
    find: (author, saying) => {
      const found = utterances.find((one) => one.author === author && says(one.signed.message, saying))
      if (!found) throw new Error(`member ${author} says a ${saying.kind} that is not in the model`)
      return found
    },
  }
}

function says(message: RoundMessage, saying: Exclude<Saying, { kind: 'list/1' }>): boolean {
  if (message.kind === 'list/1' || message.kind !== saying.kind || message.view !== saying.view) return false
  if (!equalCids(message.base, saying.base)) return false
  if (message.kind !== 'proposal/1' || saying.kind !== 'proposal/1') return true
  return message.validView === saying.validView && equalCids(message.lineage, saying.lineage)
}
