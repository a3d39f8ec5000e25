import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  compareBytes,
  equalBytes,
  equalCids,
  fromHex,
  joinBytes,
  parseCid,
  toHex,
} from '../../../../protocols/wire/bytes.ts'
import { testCid } from '../../../support/protocols/network.ts'

const of = (...bytes: number[]) => Uint8Array.from(bytes)

describe('compareBytes', () => {
  it('orders unsigned bytes, and a prefix before what it begins', () => {
    const sorted = [of(), of(0), of(0, 0), of(1), of(127), of(128), of(255)]
    assert.deepEqual(sorted.toReversed().sort(compareBytes), sorted)
  })
  it('finds equal only what has the same length and bytes', () => {
    assert.ok(equalBytes(of(1, 2), of(1, 2)))
    assert.ok(!equalBytes(of(1, 2), of(1, 3)))
    assert.ok(!equalBytes(of(1, 2), of(1)))
  })
})

describe('hexadecimal', () => {
  it('is written in lower case and read in any', () => {
    assert.equal(toHex(of(0, 15, 255)), '000fff')
    assert.deepEqual(fromHex('000FfF'), of(0, 15, 255))
  })
  it('is nothing else', () => {
    for (const text of ['0', '0g', ' 00', '0x00', '00\n']) assert.equal(fromHex(text), null)
  })
})

describe('CIDs', () => {
  it('compare by their bytes; null only equals null', () => {
    assert.ok(equalCids(testCid('a'), testCid('a')))
    assert.ok(!equalCids(testCid('a'), testCid('a', 'raw')))
    assert.ok(!equalCids(testCid('a'), null))
    assert.ok(equalCids(null, null))
  })
  it('are read from text, or null', () => {
    assert.ok(equalCids(parseCid(String(testCid('a'))), testCid('a')))
    for (const text of ['', 'bafy', 'not a cid', '../../etc']) assert.equal(parseCid(text), null)
  })
})

describe('joinBytes', () => {
  it('puts one after another', () => assert.deepEqual(joinBytes([of(1), of(), of(2, 3)]), of(1, 2, 3)))
})
