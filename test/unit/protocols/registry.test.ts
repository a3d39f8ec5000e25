import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  CONTRIBUTION_MESSAGES,
  EVIDENCE_OBJECTS,
  maxTopicBytes,
  REGISTRY,
  REPORT_MESSAGES,
  TOPICS,
  topicOf,
  VOTE_MESSAGES,
} from '../../../protocols/registry.ts'
import { MAX_FRAME_BYTES } from '../../../protocols/wire/limits.ts'

const kindsOn = (carrier: string) =>
  REGISTRY.filter((row) => row.carrier === carrier).map((row) => row.declaration.kind)

describe('registry', () => {
  it('lists each topic’s messages', () => {
    assert.deepEqual(
      CONTRIBUTION_MESSAGES.map(({ kind }) => kind),
      kindsOn('contributions'),
    )
    assert.deepEqual(
      VOTE_MESSAGES.map(({ kind }) => kind),
      kindsOn('votes'),
    )
    assert.deepEqual(
      REPORT_MESSAGES.map(({ kind }) => kind),
      kindsOn('reports'),
    )
  })

  it('has no kind twice, and every kind with a version', () => {
    const kinds = REGISTRY.map(({ declaration }) => declaration.kind)
    assert.equal(new Set(kinds).size, kinds.length)
    for (const kind of kinds) assert.match(kind, /^[a-z]+(-[a-z]+)*\/[1-9][0-9]*$/)
  })

  it('gossips only what is signed, and signs only what is gossiped or carried in what is', () => {
    for (const { declaration, carrier } of REGISTRY) {
      assert.equal(
        declaration.isSigned,
        carrier === 'envelope' || TOPICS.some((topic) => topic === carrier),
        declaration.kind,
      )
    }
  })

  it('lets everything fit into one frame of a stream', () => {
    for (const { declaration } of REGISTRY) assert.ok(declaration.maxBytes <= MAX_FRAME_BYTES, declaration.kind)
  })

  it('names topics by network', () => {
    assert.deepEqual(
      TOPICS.map((name) => topicOf('bafyx', name)),
      ['contributions', 'votes', 'reports', 'amendments', 'evidence'].map((name) => `/coldmesh/1/bafyx/${name}`),
    )
  })

  // Fault 1: what no message of a topic can be is not even decoded.
  it('gives each topic a limit that its longest message keeps', () => {
    assert.deepEqual(
      TOPICS.map((name) => maxTopicBytes(name) / 1024),
      [4, 12, 4, 12, 20],
    )
    for (const { maxBytes } of EVIDENCE_OBJECTS) assert.ok(maxBytes <= maxTopicBytes('evidence'))
  })

  it('carries evidence as the object that it is: what it proves is signed inside', () => {
    for (const { kind, isSigned } of EVIDENCE_OBJECTS) assert.deepEqual([kind, isSigned], ['evidence/1', false])
  })
})
