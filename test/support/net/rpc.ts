/** Frames of gossip as no honest peer would make them: protobuf by hand, length before it. */

const BYTES = 2

export const messageRpc = (topic: string, data: Uint8Array): Uint8Array =>
  frame(field(2, field(2, data), field(4, text(topic))))

export const subscriptionsRpc = (topics: readonly string[]): Uint8Array =>
  frame(...topics.map((topic) => field(1, Uint8Array.of(8, 1), field(2, text(topic)))))

export const ihaveRpc = (topic: string, ids: readonly Uint8Array[]): Uint8Array =>
  frame(field(3, field(1, field(1, text(topic)), ...ids.map((id) => field(2, id)))))

export const iwantRpc = (ids: readonly Uint8Array[]): Uint8Array =>
  frame(field(3, field(2, ...ids.map((id) => field(1, id)))))

export function frame(...parts: readonly Uint8Array[]): Uint8Array {
  const body = Buffer.concat(parts)
  return Buffer.concat([varint(body.byteLength), body])
}

function field(number: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const body = Buffer.concat(parts)
  return Buffer.concat([Uint8Array.of((number << 3) | BYTES), varint(body.byteLength), body])
}

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value)
}

function varint(value: number): Uint8Array {
  return value < 128 ? Uint8Array.of(value) : Uint8Array.of((value & 127) | 128, ...varint(Math.floor(value / 128)))
}
