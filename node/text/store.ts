import type { DroppedWeights, StoreStatus } from 'coldmesh'

/** `160 MB on the disk, weights of 8 rounds; last dropped: 4.5 MB of rounds 2 to 9`. */
export function describeStore({ bytes, keepRounds, dropped }: StoreStatus): string {
  const kept =
    keepRounds === 'all' ? 'weights of all rounds' : `weights of ${keepRounds} round${keepRounds === 1 ? '' : 's'}`
  return `${megabytes(bytes)} on the disk, ${kept}${dropped === null ? '' : `; last dropped: ${describeWeights(dropped)}`}`
}

/** `163 MB used of a budget of 2000 MB, 9500 MB free`. */
export function describeDisk({ disk }: StoreStatus): string {
  const { usedBytes, budgetBytes, freeBytes } = disk
  const budget = budgetBytes === null ? '' : ` of a budget of ${megabytes(budgetBytes)}`
  return `${megabytes(usedBytes)} used${budget}${freeBytes === null ? '' : `, ${megabytes(freeBytes)} free`}`
}

type OfRounds = Pick<DroppedWeights, 'bytes' | 'fromRound' | 'toRound'>

export function describeWeights({ bytes, fromRound, toRound }: OfRounds): string {
  return `${megabytes(bytes)} of ${fromRound === toRound ? `round ${toRound}` : `rounds ${fromRound} to ${toRound}`}`
}

/** `4.5 MB`. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 10e6 ? 1 : 0)} MB`
}
