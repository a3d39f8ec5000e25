/** The entries of `values` that are not undefined: absent and undefined differ in options. */
export function defined<T extends object>(values: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  const entries: readonly (readonly unknown[])[] = Object.entries(values).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries)
}
