import type { TaskType } from '../../ports/dataset.ts'

interface Releasable {
  release(): Promise<void>
}

/** Opens programs by batch length and, where they differ by it, type of task: each once. */
export function createProgramCache<Opened extends Releasable>(
  open: (length: number, task: TaskType) => Promise<Opened>,
) {
  const opened = new Map<string, Opened>()
  return {
    async get(length: number, task: TaskType = 'single-label'): Promise<Opened> {
      const key = `${task} ${length}`
      const program = opened.get(key) ?? (await open(length, task))
      opened.set(key, program)
      return program
    },
    async release(): Promise<void> {
      for (const program of opened.values()) await program.release()
      opened.clear()
    },
  }
}
