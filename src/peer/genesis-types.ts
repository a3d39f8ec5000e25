export interface GenesisOptions {
  /** Where the base's blocks and the genesis go. */
  readonly dataDir: string
  readonly name: string
  /** Directory with config.json, tokenizer files and a canonical model.safetensors; or the CID of a base in the store. */
  readonly base: string
  readonly committee: readonly { readonly name: string; readonly key: string }[]
  readonly quorum?: 'byzantine' | 'crash'
  /**
   * A fusion rule with its parameters, as `parseRule` reads it: `median/1`, `ties/1,density=0.2`. Default: `clipped-mean/1` where contributors are open,
   * else `mean/1`.
   */
  readonly rule?: string
  readonly round?: Partial<RoundPolicy>
  readonly contributors?: 'open' | 'vouched' | readonly string[]
  /** Members with data of their own vote against a base that scores lower by more than this fraction. Default: no gate. */
  readonly maxDrop?: number
}

export interface RoundPolicy {
  readonly minContributions: number
  readonly maxContributions: number
  readonly collectMs: number
  readonly graceMs: number
  readonly viewTimeoutMs: number
  readonly minBytesPerSecond: number
  readonly maxViews: number
  readonly keepRounds: number
  readonly historyRounds: number
  readonly maxStaleness: number
}
