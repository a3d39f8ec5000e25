import type { FileMetaData } from 'hyparquet'

/** Where Hugging Face's `datasets` puts what columns are, as JSON. */
const KEY = 'huggingface'

type Fields = Readonly<Record<string, unknown>>

/** By column, the names of its classes: `datasets` writes labels as their numbers, and names into the file's metadata. */
export function classNamesIn({
  key_value_metadata: pairs = [],
}: Pick<FileMetaData, 'key_value_metadata'>): ReadonlyMap<string, readonly string[]> {
  const text = pairs.find(({ key }) => key === KEY)?.value
  const features = fieldsOf(fieldsOf(text === undefined ? null : parse(text))['info'])['features']
  return new Map(
    Object.entries(fieldsOf(features)).flatMap(([column, feature]) => {
      const names = namesOf(feature)
      return names === null ? [] : [[column, names] as const]
    }),
  )
}

/** Of a class, or of a list of them. */
function namesOf(feature: unknown): readonly string[] | null {
  const { _type: type, names, feature: inner } = fieldsOf(Array.isArray(feature) ? { feature: feature[0] } : feature)
  if (inner !== undefined) return namesOf(inner)
  const isClass = type === 'ClassLabel' && Array.isArray(names) && names.length > 0
  return isClass && names.every((name) => typeof name === 'string') ? names.map((name) => name.trim()) : null
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
