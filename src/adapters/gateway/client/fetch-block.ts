import type { CID } from 'multiformats/cid'
import { DEFAULT_MAX_BLOCK_BYTES } from '../../../checkpoint/block-limits.ts'
import { isBlockOf } from '../../../checkpoint/is-block-of.ts'
import { RAW_TYPE } from '../accept.ts'
import type { Source } from './source.ts'
import { SourceError } from './source-error.ts'
import { type BodyLimits, readBody } from './watch-body.ts'

/** One block, compared with its CID. @throws SourceError */
export async function fetchBlock(
  source: Source,
  cid: CID,
  options: { readonly signal: AbortSignal; readonly limits?: Partial<BodyLimits> | undefined },
): Promise<Uint8Array> {
  const response = await source.ask('GET', `/ipfs/${cid}?format=raw`, {
    signal: options.signal,
    answerMs: options.limits?.stallMs,
  })
  const length = Number(response.headers.get('content-length') ?? Number.NaN)
  if (length > DEFAULT_MAX_BLOCK_BYTES || !response.headers.get('content-type')?.startsWith(RAW_TYPE)) {
    response.leave()
    throw new SourceError('lied', 'it sends no raw block')
  }
  const parts: Uint8Array[] = []
  let bytes = 0
  await readBody(
    response,
    (chunk) => {
      bytes += chunk.byteLength
      if (bytes > DEFAULT_MAX_BLOCK_BYTES) throw new SourceError('lied', 'its block has no end')
      parts.push(Uint8Array.from(chunk))
      return undefined
    },
    options,
  )
  const [only] = parts
  const block = parts.length === 1 && only !== undefined ? only : Buffer.concat(parts, bytes)
  if (!isBlockOf(cid, block)) {
    throw new SourceError('lied', 'its block is not what the CID names')
  }
  return block
}
