import { createHash } from 'node:crypto'
import { type IncomingHttpHeaders, request as openRequest } from 'node:http'
import type { CID } from 'multiformats/cid'
import { createCarParser } from '../../../src/adapters/gateway/car-parser.ts'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  /** False when the connection broke before the end. */
  readonly isWhole: boolean
}

/** One request, as a program makes it that knows nothing of us. */
export function ask(
  base: string,
  path: string,
  { method = 'GET', headers = {} }: { method?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const { hostname, port } = new URL(base)
  return new Promise((resolve, reject) => {
    const request = openRequest({ host: hostname, port, path, method, headers, agent: false }, (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('error', () => {})
      response.on('close', () => {
        const { statusCode: status = 0, headers: received, complete: isWhole } = response
        resolve({ status, headers: received, body: Buffer.concat(parts), isWhole })
      })
    })
    request.on('error', reject)
    request.end()
  })
}

/** The CIDs of a CAR's blocks in their order, each compared with its bytes. */
export function cidsIn(car: Uint8Array): string[] {
  const cids: string[] = []
  let block = new Uint8Array(0)
  const parser = createCarParser(
    {
      onHeader() {},
      onBlock: (_cid, bytes) => {
        block = new Uint8Array(bytes)
        return block
      },
      onBlockEnd: (cid: CID) => {
        if (!createHash('sha256').update(block).digest().equals(cid.multihash.digest)) throw new Error(`wrong: ${cid}`)
        cids.push(String(cid))
      },
    },
    { maxBlockBytes: 2 ** 21 },
  )
  parser.push(car)
  parser.end()
  return cids
}
