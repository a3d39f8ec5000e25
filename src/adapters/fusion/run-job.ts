import { createDigester } from './digest-leaves.ts'
import { createLeafFuser } from './fuse-leaves.ts'
import { IS_STOPPED, type Job, NEXT_UNIT, type Outcome, type Work } from './job.ts'
import { createCountWork, createEqualWork, createSquaresWork } from './measure-files.ts'
import { createValidator } from './validate-leaves.ts'

function createWork(job: Job): Work {
  switch (job.kind) {
    case 'fuse':
      return createLeafFuser(job)
    case 'squares':
      return createSquaresWork(job)
    case 'count':
      return createCountWork(job)
    case 'equal':
      return createEqualWork(job)
    case 'digest':
      return createDigester(job)
    case 'validate':
      return createValidator(job)
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
export function* runJob(job: Job): Generator<undefined, Outcome> {
  const work = createWork(job)
  const control = new Int32Array(job.control)
  while (Atomics.load(control, IS_STOPPED) === 0) {
    const unit = Atomics.add(control, NEXT_UNIT, 1)
    if (unit >= work.units) break
    try {
      work.run(unit)
    } catch (error) {
      Atomics.store(control, IS_STOPPED, 1)
      throw new UnitError(unit, error)
    }
    yield
  }
  return work.end()
}
