import type { Keeping } from '../../../src/peer/retention/keeper.ts'

const nothing = (): Disposable => ({ [Symbol.dispose]: () => {} })

/** Of a peer that never deletes anything. */
export const KEEPS_ALL: Keeping = { pin: nothing, pinStored: nothing, hold: nothing, note: async () => {}, from: 0 }
