import type { Metric, TrainingProgress } from '../../ports/trainer.ts'
import type { ProgramEvent } from './events.ts'

/** Progress is told at most this often, evaluations always. */
const PROGRESS_INTERVAL_MS = 100

/** Turns a program's events into progress. */
export function createProgress(
  onDevice: (name: string) => void,
  listener?: { readonly metric: Metric; readonly onProgress: ((progress: TrainingProgress) => void) | undefined },
) {
  const startedAt = performance.now()
  let step: number | null = null
  let told = Number.NEGATIVE_INFINITY
  let report: TrainingProgress = { step: 0, steps: 0, loss: 0, tokensPerSecond: 0, secondsLeft: 0 }
  return {
    onEvent(event: ProgramEvent): void {
      const now = performance.now()
      if (event.event === 'device') {
        onDevice(event.device)
      } else if (event.event === 'progress') {
        const { event: _, ...progress } = event
        step = event.step
        const left = Math.max(0, event.steps - event.step)
        report = { ...progress, secondsLeft: ((now - startedAt) / 1_000 / Math.max(1, step)) * left }
        if (now - told < PROGRESS_INTERVAL_MS && left > 0) return
        told = now
        listener?.onProgress?.(report)
      } else if (listener !== undefined) {
        const validation = { metric: listener.metric, score: event.score }
        listener.onProgress?.({ ...report, step: event.step, validation })
      }
    },
    /** Of the last progress. */
    step: () => step,
  }
}
