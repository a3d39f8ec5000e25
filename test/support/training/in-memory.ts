import assert from 'node:assert/strict'
import { type Example, type Examples, isStored } from '../../../src/ports/dataset.ts'

/** Rows that are in memory: anything else is a failure. */
export function inMemory(examples: Examples | undefined): readonly Example[] {
  assert.ok(examples !== undefined && !isStored(examples))
  return examples
}
