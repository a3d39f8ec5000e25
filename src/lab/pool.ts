import type { Trainer } from '../ports/trainer.ts'

/** Trainers that take what comes next, each one thing at a time. */
export interface Pool extends AsyncDisposable {
  readonly trainer: Pick<Trainer, 'name' | 'device'>
  run<T>(work: (trainer: Trainer) => Promise<T>): Promise<T>
}

/** Trainers of one kind: which of them does a piece of work makes no difference to it. */
export async function createPool(count: number, createTrainer: () => Promise<Trainer>): Promise<Pool> {
  const trainers = await Promise.all(Array.from({ length: count }, createTrainer))
  const [first] = trainers
  if (first === undefined) throw new RangeError('a pool has at least one trainer')
  const idle = [...trainers]
  const waiting: ((trainer: Trainer) => void)[] = []

  function release(trainer: Trainer): void {
    const next = waiting.shift()
    if (next === undefined) idle.push(trainer)
    else next(trainer)
  }

  return {
    trainer: first,
    run: async (work) => {
      const trainer = idle.shift() ?? (await new Promise<Trainer>((resolve) => waiting.push(resolve)))
      try {
        return await work(trainer)
      } finally {
        release(trainer)
      }
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(trainers.map((trainer) => trainer.stop()))
    },
  }
}
