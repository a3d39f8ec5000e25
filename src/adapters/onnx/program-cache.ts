import type { OpenProgram } from './program.ts'

/** Opens programs by batch length, each once. */
export function createProgramCache(open: (length: number) => Promise<OpenProgram>) {
  const opened = new Map<number, OpenProgram>()
  return {
    async get(length: number): Promise<OpenProgram> {
      const program = opened.get(length) ?? (await open(length))
      opened.set(length, program)
      return program
    },
    async release(): Promise<void> {
      for (const program of opened.values()) await program.release()
      opened.clear()
    },
  }
}
