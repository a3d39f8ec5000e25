const INITIAL_BYTES = 256
const WIRE_VARINT = 0
const WIRE_BYTES = 2
const WIRE_FIXED32 = 5

/** Writes protocol buffer fields into a growing buffer: the part of the format that an ONNX file needs. */
export class ProtobufWriter {
  #bytes = new Uint8Array(INITIAL_BYTES)
  #length = 0

  #reserve(count: number): void {
    const needed = this.#length + count
    if (needed <= this.#bytes.length) return
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, needed))
    larger.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = larger
  }

  #varint(value: number | bigint): void {
    this.#reserve(10)
    let rest = BigInt.asUintN(64, BigInt(value))
    while (rest > 127n) {
      this.#bytes[this.#length++] = Number(rest & 127n) | 128
      rest >>= 7n
    }
    this.#bytes[this.#length++] = Number(rest)
  }

  #tag(field: number, wireType: number): void {
    this.#varint(field * 8 + wireType)
  }

  int(field: number, value: number | bigint): this {
    this.#tag(field, WIRE_VARINT)
    this.#varint(value)
    return this
  }

  float(field: number, value: number): this {
    this.#tag(field, WIRE_FIXED32)
    this.#reserve(4)
    new DataView(this.#bytes.buffer).setFloat32(this.#length, value, true)
    this.#length += 4
    return this
  }

  bytes(field: number, value: Uint8Array): this {
    this.#tag(field, WIRE_BYTES)
    this.#varint(value.length)
    this.#reserve(value.length)
    this.#bytes.set(value, this.#length)
    this.#length += value.length
    return this
  }

  text(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value))
  }

  message(field: number, value: ProtobufWriter): this {
    return this.bytes(field, value.finish())
  }

  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }
}
