/** Who may contribute to the round being run, and whether this peer may. */
export interface PermissionStatus {
  readonly contributors: 'open' | 'vouched' | 'listed'
  readonly granted: boolean
  /** Why not, e.g. `no-voucher`, `voucher-expired`; null when granted. */
  readonly reason: string | null
  /** Last round that this peer's voucher holds for; null when it uses none. */
  readonly until: number | null
  /** Name (or the key's first digits) of whoever vouched; null when it uses none. */
  readonly by: string | null
}

export interface VouchOptions {
  /** Key that may contribute, hex. */
  readonly for: string
  /** For how many rounds, from the one being run on. Default 100. */
  readonly rounds?: number
}

export interface VouchedInvite {
  readonly invite: string
  readonly network: string
  readonly contributor: string
  /** First and last round that the voucher holds for. */
  readonly from: number
  readonly until: number
}
