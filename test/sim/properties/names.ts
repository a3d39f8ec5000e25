export const PROPERTY_NAMES = [
  'S1',
  'S2',
  'S3',
  'S4',
  'S5',
  'S6',
  'S7',
  'S8',
  'L1',
  'L2',
  'L3',
  'L4',
  'L5',
  'L6',
] as const
export type PropertyName = (typeof PROPERTY_NAMES)[number]

/** A property, and in words what does not hold. */
export interface Violation {
  readonly property: PropertyName
  readonly what: string
}
