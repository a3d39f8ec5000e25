import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { encodeCanonical, idOf, MalformedError } from '../../../../protocols/wire/codec.ts'
import { text, uint } from '../../../../protocols/wire/fields.ts'
import { declareMessage, declareObject, idOfMessage } from '../../../../protocols/wire/message.ts'
import { testCid } from '../../../support/protocols/network.ts'

const note = declareObject({ kind: 'note/1', maxBytes: 40, fields: { text: text({ maxBytes: 100 }) } })
const signedNote = declareMessage({ kind: 'note/1', maxBytes: 200, fields: { count: uint() } })

const malformed = (reason: string) => (error: unknown) => error instanceof MalformedError && error.reason === reason

describe('declareObject', () => {
  it('adds the kind, and reads back what it writes', () => {
    assert.deepEqual(note.decode(note.encode({ text: 'hi' })), { kind: 'note/1', text: 'hi' })
    assert.equal(note.isSigned, false)
  })

  it('does not write what it would not read', () => {
    assert.throws(() => note.encode({ text: 'a'.repeat(41) }), malformed('too-long'))
    assert.throws(() => note.encode({ text: '\u0000' }), malformed('bad-field'))
  })

  it('writes its own kind whatever the value says', () => {
    const copied = { ...note.decode(note.encode({ text: 'hi' })), kind: 'other/1' }
    assert.equal(note.decode(note.encode(copied)).kind, 'note/1')
  })

  it('refuses another kind and another version', () => {
    for (const kind of ['note/2', 'note', 'Note/1', '']) {
      assert.throws(() => note.decode(encodeCanonical({ kind, text: 'hi' })), malformed('bad-field'))
    }
  })

  it('names a value by the CID of its bytes', () => {
    assert.deepEqual(idOfMessage(note, { text: 'hi' }), idOf(note.encode({ text: 'hi' })))
  })
})

describe('declareMessage', () => {
  it('adds network and author', () => {
    const value = { network: testCid('net', 'message'), author: new Uint8Array(32), count: 1 }
    assert.deepEqual(signedNote.decode(signedNote.encode(value)), { ...value, kind: 'note/1' })
    assert.throws(() => signedNote.decode(encodeCanonical({ kind: 'note/1', count: 1 })), malformed('missing-field'))
    assert.equal(signedNote.isSigned, true)
  })
})
