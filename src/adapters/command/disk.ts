import { diskError, systemCode } from '../../ports/disk-refusal.ts'

const NEXT_STEPS = {
  full: 'free some space and try again. A work directory holds the base and what is trained of it, in F32.',
  other: 'Check the path and its permissions.',
}

/** Does `work` on the disk. @throws ColdmeshError `refused` for what the machine refuses, with its code and a next step */
export async function onDisk<T>(doing: string, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const isOfMachine = systemCode(error) !== undefined && Object(error).syscall !== undefined
    throw isOfMachine ? diskError(error, doing, path, NEXT_STEPS) : error
  }
}
