import { rawCid } from '../../../protocols/wire/codec.ts'
import { blockPrefix, carHeader } from '../../../src/adapters/gateway/car.ts'

/** A CAR of raw blocks, of which the first is the root. */
export function rawCar(...blocks: readonly Uint8Array[]): Buffer {
  const cids = blocks.map(rawCid)
  const parts = blocks.flatMap((block, i) => [blockPrefix(cids[i] ?? rawCid(block), block.byteLength), block])
  return Buffer.concat([carHeader(cids.slice(0, 1)), ...parts])
}
