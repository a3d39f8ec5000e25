import type { TaskType } from '../../ports/dataset.ts'
import type { OpenProgram } from './program.ts'

/** Opens programs by batch length and, where they differ by it, type of task: each once. */
export function createProgramCache(open: (length: number, task: TaskType) => Promise<OpenProgram>) {
  const opened = new Map<string, OpenProgram>()
  return {
    async get(length: number, task: TaskType = 'single-label'): Promise<OpenProgram> {
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
