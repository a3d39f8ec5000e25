import type { BlamedInput, BlameReport } from 'coldmesh'
import { short, show } from './escape.ts'
import { percentSpread } from './spread.ts'
import { createTable } from './status.ts'

/** The contributions of a round, the one that hurts most first, and what follows. */
export function formatBlame(report: BlameReport): string {
  const { round, base, rule, task, mode, metric, seeds, testRows, all, before, inputs } = report
  const spread = ({ mean, standardError }: BlameReport['all']) => percentSpread(mean, standardError, seeds.length)
  const signed = (value: BlamedInput['difference']) =>
    value === null ? '-' : `${value.mean >= 0 ? '+' : ''}${spread(value)}`
  const table = createTable(['left out', 'task', 'author', 'score', 'to all', 'to parent', ''])
  for (const input of inputs) {
    table.push([
      short(input.id),
      show(input.task, { maxLength: 24 }),
      short(input.author),
      input.without === null ? '-' : spread(input.without),
      signed(input.difference),
      signed(input.toParent),
      VERDICTS[input.verdict],
    ])
  }
  return [
    `round ${round}  ${show(base)}`,
    `${show(rule, { maxLength: 128 })} of ${inputs.length} contributions, judged on ${show(task, { maxLength: 64 })}: ${mode}, ${metric}, ${testRows} test rows, ${seeds.length} seeds`,
    `all ${spread(all)}, the base before ${spread(before)}`,
    '',
    table.toString(),
    '',
    ...conclusion(report),
  ].join('\n')
}

const VERDICTS: Readonly<Record<BlamedInput['verdict'], string>> = {
  hurts: 'hurts',
  helps: 'helps',
  unclear: '',
  needed: 'the rule needs it',
}

function conclusion({ inputs, seeds }: BlameReport): readonly string[] {
  const harmful = inputs.filter(({ verdict }) => verdict === 'hurts')
  if (harmful.length > 0)
    return harmful.map(({ id, author }) => `hurts: ${show(id)} by ${show(author, { maxLength: 64 })}`)
  if (seeds.length < 2) return ['one seed tells nothing about noise: add --seeds 5']
  return ['no contribution hurts by more than chance: more seeds (--seeds) or test rows tell finer differences']
}
