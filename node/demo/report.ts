import type { Colors } from '../text/output.ts'
import { percent } from '../text/spread.ts'
import { createTable } from '../text/status.ts'
import type { Accuracies, TaskScore } from './judge.ts'

/** Per task and on average, how the pretrained and the final base do. */
export function formatScores(scores: readonly TaskScore[], colors: Colors): string {
  const table = createTable(['task', '', 'frozen: pretrained', 'final', 'gain', 'full: pretrained', 'final', 'gain'])
  for (const score of scores) table.push(rowOf(score.name, score.seen ? 'seen' : 'unseen', score, colors))
  for (const seen of [true, false]) {
    const group = scores.filter((score) => score.seen === seen)
    if (group.length > 1) table.push(rowOf('mean', seen ? 'seen' : 'unseen', meanOf(group), colors))
  }
  return table.toString()
}

function rowOf(
  name: string,
  kind: string,
  { pretrained, final }: { pretrained: Accuracies; final: Accuracies },
  colors: Colors,
): string[] {
  const cells = (mode: keyof Accuracies): string[] => {
    const gain = final[mode] - pretrained[mode]
    const shown = `${gain < 0 ? '' : '+'}${(gain * 100).toFixed(1)}`
    return [percent(pretrained[mode]), percent(final[mode]), gain > 0 ? colors.green(shown) : shown]
  }
  return [name, kind, ...cells('frozen'), ...cells('full')]
}

function meanOf(scores: readonly TaskScore[]): { pretrained: Accuracies; final: Accuracies } {
  const mean = (pick: (score: TaskScore) => number): number =>
    scores.reduce((sum, score) => sum + pick(score), 0) / scores.length
  return {
    pretrained: {
      frozen: mean(({ pretrained }) => pretrained.frozen),
      full: mean(({ pretrained }) => pretrained.full),
    },
    final: { frozen: mean(({ final }) => final.frozen), full: mean(({ final }) => final.full) },
  }
}
