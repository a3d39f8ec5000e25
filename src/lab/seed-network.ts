import { join } from 'node:path'
import type { LabContext } from './context.ts'
import { contributorsOf } from './contributors.ts'
import { type LabNetwork, openLabNetwork } from './network.ts'

/** The network of a run, or of its baseline that is one. */
export async function openSeedNetwork(
  { plan, tasks, base, out }: Pick<LabContext, 'plan' | 'tasks' | 'base' | 'out'>,
  run: number,
  chain: 'rounds' | 'one-shot',
): Promise<LabNetwork> {
  return openLabNetwork({
    dir: join(out, `seed-${run}`, chain),
    name: `lab ${plan.name} ${run}${chain === 'rounds' ? '' : ` ${chain}`}`,
    run,
    base,
    committee: plan.committee,
    rule: plan.rule,
    maxContributions: contributorsOf(tasks).length,
    keepsCheckpoints: plan.keep === 'all',
  })
}
