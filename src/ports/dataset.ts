/** One labelled text, or pair of texts. */
export interface Example {
  readonly text: string
  readonly pair?: string
  readonly label: string
}

/** A labelled text classification dataset, read and checked. */
export interface Dataset {
  readonly name: string
  /** Distinct labels, sorted by code unit. */
  readonly labels: readonly string[]
  readonly examples: readonly Example[]
  /** Held-out rows given by the user; when absent the trainer splits `examples` by seeded hash. */
  readonly validation?: readonly Example[]
}
