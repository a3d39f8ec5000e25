import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'

/** Where the section of a block begins in a file, and how many bytes the block has. */
export interface Place {
  readonly index: number
  readonly offset: number
  readonly bytes: number
}

/** The blocks of a file by CID and in their order, in about 50 bytes each. */
export interface BlockTable {
  readonly length: number
  /** @returns false when it is there already */
  add(cid: CID, place: Omit<Place, 'index'>): boolean
  find(cid: CID): Place | null
  has(cid: CID): boolean
  /** Null after the last. */
  cidAt(index: number): CID | null
  /** SHA-256 of the block at `index`: a view. */
  digestAt(index: number): Uint8Array
  offsetAt(index: number): number
}

const SHA2_256 = 0x12
const DIGEST_BYTES = 32
const FIRST_BLOCKS = 1024

/** Only for CIDs of version 1 with SHA-256. */
export function createBlockTable(): BlockTable {
  let digests = new Uint8Array(FIRST_BLOCKS * DIGEST_BYTES)
  let codecs = new Uint8Array(FIRST_BLOCKS)
  let offsets = new Float64Array(FIRST_BLOCKS)
  let sizes = new Uint32Array(FIRST_BLOCKS)
  /** Open addressing: one more than the index of a block, or 0. Twice as many as blocks. */
  let slots = new Uint32Array(2 * FIRST_BLOCKS)
  let length = 0

  const digestAt = (index: number) => digests.subarray(index * DIGEST_BYTES, (index + 1) * DIGEST_BYTES)

  function isAt(index: number, { code, multihash }: CID): boolean {
    if (index >= length || codecs[index] !== code) return false
    const at = index * DIGEST_BYTES
    return multihash.digest.every((byte, i) => digests[at + i] === byte)
  }

  /** The slot of this CID, or the free one where it goes. */
  function slotOf(cid: CID): number {
    let slot = startOf(cid.multihash.digest) & (slots.length - 1)
    for (;;) {
      const index = slots[slot] ?? 0
      if (index === 0 || isAt(index - 1, cid)) return slot
      slot = (slot + 1) & (slots.length - 1)
    }
  }

  function grow(): void {
    const size = 2 * sizes.length
    digests = grown(digests, new Uint8Array(size * DIGEST_BYTES))
    codecs = grown(codecs, new Uint8Array(size))
    offsets = grown(offsets, new Float64Array(size))
    sizes = grown(sizes, new Uint32Array(size))
    slots = new Uint32Array(2 * size)
    for (let index = 0; index < length; index++) {
      let slot = startOf(digestAt(index)) & (slots.length - 1)
      while (slots[slot] !== 0) slot = (slot + 1) & (slots.length - 1)
      slots[slot] = index + 1
    }
  }

  function find(cid: CID): Place | null {
    const index = (slots[slotOf(cid)] ?? 0) - 1
    return index < 0 ? null : { index, offset: offsets[index] ?? 0, bytes: sizes[index] ?? 0 }
  }

  return {
    get length() {
      return length
    },
    add(cid, { offset, bytes }) {
      if (length === sizes.length) grow()
      const slot = slotOf(cid)
      if (slots[slot] !== 0) return false
      digests.set(cid.multihash.digest, length * DIGEST_BYTES)
      codecs[length] = cid.code
      offsets[length] = offset
      sizes[length] = bytes
      slots[slot] = ++length
      return true
    },
    find,
    has: (cid) => find(cid) !== null,
    cidAt: (index) =>
      index < length ? CID.createV1(codecs[index] ?? 0, createDigest(SHA2_256, digestAt(index).slice())) : null,
    digestAt,
    offsetAt: (index) => offsets[index] ?? 0,
  }
}

function startOf(digest: Uint8Array): number {
  return ((digest[0] ?? 0) | ((digest[1] ?? 0) << 8) | ((digest[2] ?? 0) << 16) | ((digest[3] ?? 0) << 24)) >>> 0
}

function grown<T extends { set(old: T): void }>(old: T, larger: T): T {
  larger.set(old)
  return larger
}
