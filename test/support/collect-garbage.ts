import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** All that nothing holds is gone when it resolves, and so is what only the caller's stack held. */
export async function collectGarbage(): Promise<void> {
  setFlagsFromString('--expose-gc')
  await setImmediate()
  await runInNewContext('gc')({ execution: 'async', type: 'major' })
}
