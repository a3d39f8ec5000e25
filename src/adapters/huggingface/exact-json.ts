import { join } from 'node:path'
import { parseJson, readSmall } from './read-file.ts'
import { encodeJson, withoutMachine } from './tokenizer-files.ts'

declare global {
  interface JSON {
    parse(
      text: string,
      reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
    ): unknown
    rawJSON(text: string): unknown
  }
}

/**
 * A JSON object of a model directory without what says where somebody's files were, and otherwise as it stood: 1.0 stays 1.0, which Python
 * tells from 1. Null when the file is not there.
 *
 * @throws ColdmeshError `bad-model`
 */
export async function readExactly(directory: string, name: string): Promise<Uint8Array | null> {
  const bytes = await readSmall(directory, name)
  if (bytes === null) return null
  parseJson(bytes, join(directory, name))
  const value = JSON.parse(new TextDecoder().decode(bytes), (_, each, { source }) =>
    typeof each === 'number' && source !== undefined ? JSON.rawJSON(source) : each,
  )
  return encodeJson(withoutMachine({ ...Object(value) }))
}
