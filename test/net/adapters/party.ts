import assert from 'node:assert/strict'
import type { CID } from 'multiformats/cid'
import type { Libp2pNode, NodeOptions } from '../../../src/adapters/libp2p/node.ts'
import { nullLog } from '../../../src/adapters/memory/log.ts'
import {
  type ContentStoreOptions,
  createContentStore,
  type OpenContentStore,
} from '../../../src/peer/store/content-store.ts'
import type { FetchOptions } from '../../../src/ports/content-store.ts'
import { type ErrorCode, isColdmeshError } from '../../../src/ports/errors.ts'
import { addressOf, startNode } from './support.ts'

export const MIB = 1024 * 1024

/** A node and its store, by bitswap alone unless the options say otherwise. */
export interface Party extends AsyncDisposable {
  readonly node: Libp2pNode
  readonly store: OpenContentStore
}

export async function party(
  options: Partial<ContentStoreOptions> = {},
  ofNode: Partial<NodeOptions> = {},
): Promise<Party> {
  const node = await startNode(ofNode)
  const store = await createContentStore({
    dir: null,
    node,
    log: nullLog,
    blockDeadlineMs: 2000,
    broadcastMs: 500,
    gateway: null,
    ...options,
  })
  await store.start()
  return {
    node,
    store,
    async [Symbol.asyncDispose]() {
      await store.stop()
      await node.stop()
    },
  }
}

export const failsWith = (code: ErrorCode) => (error: unknown) => isColdmeshError(error, code)

/** Asks for a file and expects to be refused. */
export async function refuses(
  taker: Party,
  giver: Pick<Party, 'node'>,
  cid: CID,
  code: ErrorCode,
  more: Partial<FetchOptions> = {},
) {
  await assert.rejects(
    taker.store.fetch(cid, {
      shape: 'file',
      maxBytes: 64 * MIB,
      providers: [addressOf(giver.node)],
      timeoutMs: 10_000,
      ...more,
    }),
    failsWith(code),
  )
}
