import { decodeFloats } from '../../checkpoint/float-tensor.ts'
import { canonicalOrder, encodeLayout, type Layout, type TensorSpec } from '../../checkpoint/layout.ts'
import { encodeHead } from '../../checkpoint/safetensors.ts'
import { isFloatDtype } from '../../floats/dtypes.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import type { Head, Weights } from '../../ports/trainer.ts'
import { convertWeights } from './convert.ts'
import { isRecord } from './read-file.ts'
import type { SourceTensor } from './weights-files.ts'

/**
 * What an import drops, as one safetensors file. A classifier whose labels config.json names becomes a head that coldmesh
 * reads (F32, labels in its metadata); anything else keeps its names and dtypes.
 * @throws ColdmeshError `unsupported`, `bad-checkpoint`
 */
export async function encodeDropped(
  dropped: readonly SourceTensor[],
  config: Readonly<Record<string, unknown>>,
): Promise<Uint8Array> {
  const specs = dropped.map(({ name, dtype, shape }): TensorSpec => {
    if (isFloatDtype(dtype) || dtype === 'I64') return { name, dtype, shape }
    throw new ColdmeshError('unsupported', `The head's tensor ${JSON.stringify(name)} is ${dtype}.`, {
      hint: 'import without --head: the head is then left behind',
    })
  })
  const layout = encodeLayout(canonicalOrder(specs), { format: 'pt' })
  const chunks: Uint8Array[] = []
  const sources = new Map(dropped.map((source) => [source.name, source]))
  for await (const chunk of convertWeights(layout, sources)) chunks.push(chunk)
  const file = Buffer.concat(chunks)
  const head = classifierOf(layout, new Uint8Array(file), config)
  return head === null ? new Uint8Array(file) : encodeHead(head)
}

function classifierOf(layout: Layout, file: Uint8Array, config: Readonly<Record<string, unknown>>): Head | null {
  const labels = labelsOf(config)
  const names = layout.tensors.map(({ name }) => name).sort()
  if (labels === null || names.join() !== 'classifier.bias,classifier.weight') return null
  const weights: Weights[] = layout.tensors.flatMap(({ name, dtype, shape, begin, end }) => {
    if (!isFloatDtype(dtype)) return []
    const bytes = file.slice(layout.dataStart + begin, layout.dataStart + end)
    return [{ name, shape, data: decodeFloats(dtype, bytes) }]
  })
  const rows = weights.find(({ name }) => name === 'classifier.weight')?.shape[0]
  return rows === labels.length ? { labels, weights } : null
}

function labelsOf(config: Readonly<Record<string, unknown>>): readonly string[] | null {
  const named = config['id2label']
  if (!isRecord(named)) return null
  const labels = Object.keys(named).map((_, id) => named[String(id)])
  const texts = labels.filter((label) => typeof label === 'string')
  return texts.length === labels.length && new Set(texts).size === texts.length ? texts : null
}
