import type { ReadyRule } from './rule.ts'

/** Whether a rule's number depends on the base where no input is rebased. The base is then finite, or the result isn't. */
export function usesBase({ rule, step }: Pick<ReadyRule, 'rule' | 'step'>): boolean {
  return step !== null || rule === 'clipped-mean/1' || rule === 'ties/1'
}
