import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { readPickle } from '../../../../../src/adapters/huggingface/pickle.ts'
import { isColdmeshError } from '../../../../../src/ports/errors.ts'

const WORLD = {
  functions: { 'collections OrderedDict': () => new Map() },
  constants: ['torch FloatStorage'],
  persistent: (id: unknown) => id,
}
const read = (bytes: Uint8Array) => readPickle(bytes, WORLD)
/** Instructions as Latin-1 text. */
const program = (text: string) => Buffer.from(text, 'latin1')

function refuses(text: string, message: RegExp, code: 'unsupported' | 'bad-checkpoint' = 'unsupported'): void {
  assert.throws(
    () => read(program(text)),
    (error) => isColdmeshError(error, code) && message.test(error.message) && error.hint !== undefined,
  )
}

// fault 74
describe('readPickle', () => {
  it('reads what PyTorch writes: dictionaries, tuples, texts, numbers, memo, names', () => {
    const value = read(
      program(
        '\x80\x02}q\x00(X\x01\x00\x00\x00aq\x01(K\x07M\x01\x02J\xff\xff\xff\xff\x89Ntq\x02X\x01\x00\x00\x00bh\x02u.',
      ),
    )
    const tuple = [7, 513, -1, false, null]
    assert.deepEqual(
      value,
      new Map([
        ['a', tuple],
        ['b', tuple],
      ]),
    )
    assert.deepEqual(read(program('\x80\x02ccollections\nOrderedDict\n)R.')), new Map())
    assert.deepEqual(read(program('\x80\x02ctorch\nFloatStorage\n.')), { global: 'torch FloatStorage' })
    assert.equal(read(program('\x80\x02\x8a\x05\x00\x00\x00\x00\x01.')), 2 ** 32)
  })

  it('runs nothing: every name but those of tensors is refused, before its arguments are looked at', () => {
    for (const name of [
      'os\nsystem',
      'posix\nsystem',
      'builtins\neval',
      'torch\nload',
      'torch\n__dict__',
      '__builtin__\nexec',
    ]) {
      refuses(`\x80\x02c${name}\n(X\x04\x00\x00\x00true\x85R.`, /names "/)
    }
    for (const name of ['toString', 'constructor x', '__proto__', 'hasOwnProperty']) refuses(`c${name}\n\n.`, /names "/)
  })

  it('calls no value: neither a storage type, a dictionary nor a text', () => {
    refuses('ctorch\nFloatStorage\n)R.', /calls something/)
    refuses('})R.', /calls something/)
    refuses('X\x01\x00\x00\x00a)R.', /calls something/)
    refuses('ccollections\nOrderedDict\n}R.', /calls something/)
  })

  it('knows no instruction beyond those of tensors: INST, OBJ, NEWOBJ, STACK_GLOBAL, EXT, PERSID', () => {
    for (const code of ['i', 'o', '\x81', '\x92', '\x93', '\x82', '\x83', 'P', 'V', 'I', 'd', 'l', '\x95']) {
      refuses(`\x80\x02${code}os\nsystem\n.`, /has the instruction 0x/)
    }
  })

  it('refuses what is cut off, empty, nested without end or has numbers out of range', () => {
    for (const text of ['', '\x80', '\x80\x02', 'X\xff\xff\xff\xffa', 'u.', 't.', '.', 'ctorch', '\x87.'])
      refuses(text, /ends in the middle/, 'bad-checkpoint')
    refuses('('.repeat(100_001), /nested too deeply/)
    refuses('\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f.', /out of range/)
    refuses('K\x01K\x02s.', /no dictionary/)
  })

  it('throws nothing but ColdmeshError on any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          read(bytes)
        } catch (error) {
          assert.ok(isColdmeshError(error), String(error))
        }
      }),
      { numRuns: 20_000, seed: 7 },
    )
  })
})
