interface Releasable {
  release(): Promise<void>
}

/** Opens programs by batch length, each once. */
export function createProgramCache<Opened extends Releasable>(open: (length: number) => Promise<Opened>) {
  const opened = new Map<number, Opened>()
  return {
    async get(length: number): Promise<Opened> {
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
