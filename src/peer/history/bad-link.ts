import { MalformedError } from '../../../protocols/wire/codec.ts'
import type { Verdict } from '../../../protocols/wire/verdict.ts'
import { ColdmeshError } from '../../ports/errors.ts'

/**
 * What is wrong in a round, and why. `link` is one of `genesis`, `certificate`, `lineage`, `list <author>`,
 * `contribution <id>`, `weights`, `card`, `file <name>`, `directory`, `block <cid>`.
 */
export interface BadLink {
  readonly link: string
  readonly reason: string
}

export function isBadLink<T extends object>(value: T | BadLink): value is BadLink {
  return 'link' in value && 'reason' in value
}

/**
 * What a failed read says about the history that was being read: a block that is not here or damaged names itself,
 * everything else is `link`'s fault. Rethrows what says nothing about it (an abort, a disk, a bug).
 */
export function badLinkOf(error: unknown, link: string): BadLink {
  if (error instanceof MalformedError) return { link, reason: error.message }
  if (!(error instanceof ColdmeshError)) throw error
  const block = error.facts['block']
  switch (error.code) {
    case 'block-missing':
    case 'block-corrupt':
      return { link: typeof block === 'string' ? `block ${block}` : link, reason: `${error.code}: ${error.message}` }
    case 'bad-checkpoint':
    // fewer inputs than the rule can fuse: a lineage that a quorum should not have certified
    case 'bad-input':
    case 'too-large':
    case 'not-valid':
    case 'unsupported':
      return { link, reason: `${error.code}: ${error.message}` }
    default:
      throw error
  }
}

export function reasonOf(verdict: Verdict): string {
  return verdict.verdict === 'accept' ? 'accepted' : verdict.reason
}

/** A bad link and the round that has it; 0 is the genesis' base. */
export interface Failure extends BadLink {
  readonly round: number
}

/** True for what is not here, or rotten here: that says nothing about the history. */
export function isAbsent({ reason }: BadLink): boolean {
  return /^block-(missing|corrupt)/.test(reason)
}

/** True only for what is not here: somebody else may have it. */
export function isMissing({ reason }: Pick<BadLink, 'reason'>): boolean {
  return reason.startsWith('block-missing')
}
