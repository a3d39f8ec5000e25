/** What we decide about a message: accept, ignore (no penalty) or reject (provably wrong; lowers the sender's score). */
export type Verdict =
  | { readonly verdict: 'accept' }
  | { readonly verdict: 'ignore'; readonly reason: string }
  | { readonly verdict: 'reject'; readonly reason: string }

export const ACCEPT: Verdict = { verdict: 'accept' }

/** Not now, or already known. `reason` is a stable kebab-case code. */
export function ignore(reason: string): Verdict {
  return { verdict: 'ignore', reason }
}

/** Provably wrong, whoever looks at it. `reason` is a stable kebab-case code. */
export function reject(reason: string): Verdict {
  return { verdict: 'reject', reason }
}
