/** `93.1%`. */
export function percent(fraction: number): string {
  return `${(100 * fraction).toFixed(1)}%`
}

/** `74.2% ± 0.3%`; of one seed, whose error nobody knows, `74.2%`. */
export function percentSpread(mean: number, standardError: number, seeds: number): string {
  return seeds < 2 ? percent(mean) : `${percent(mean)} ± ${percent(standardError)}`
}
