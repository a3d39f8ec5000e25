import { IS_STOPPED, type Job, NEXT_UNIT, type Outcome, type Work } from './job.ts'

/** Loads what a job takes and no more: a thread that starts waits for its code. */
async function loadWork(job: Job): Promise<Work> {
  switch (job.kind) {
    case 'fuse':
      return (await import('./fuse-leaves.ts')).createLeafFuser(job)
    case 'squares':
      return (await import('./measure-files.ts')).createSquaresWork(job)
    case 'count':
      return (await import('./measure-files.ts')).createCountWork(job)
    case 'equal':
      return (await import('./measure-files.ts')).createEqualWork(job)
    case 'digest':
      return (await import('./digest-leaves.ts')).createDigester(job)
    case 'validate':
      return (await import('./validate-leaves.ts')).createValidator(job)
  }
}

/** What ended a thread's part: its unit and the error. */
export class UnitError extends Error {
  readonly unit: number

  constructor(unit: number, cause: unknown) {
    super(`unit ${unit}`, { cause })
    this.unit = unit
  }
}

/**
 * Does units until none is left, and yields after each. Units are taken in order, so those before one that fails are all done or being done: the first
 * failure is the same however many threads there are.
 * @throws UnitError
 */
export async function* runJob(job: Job): AsyncGenerator<undefined, Outcome> {
  const work = await loadWork(job)
  const control = new Int32Array(job.control)
  while (Atomics.load(control, IS_STOPPED) === 0) {
    const unit = Atomics.add(control, NEXT_UNIT, 1)
    if (unit >= work.units) break
    try {
      await work.run(unit)
    } catch (error) {
      Atomics.store(control, IS_STOPPED, 1)
      throw new UnitError(unit, error)
    }
    yield
  }
  return work.end()
}
