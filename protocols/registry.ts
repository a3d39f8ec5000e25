import { archive } from './archive/messages.ts'
import { exportKey } from './attestation/messages.ts'
import { contribution } from './contribution/messages.ts'
import { genesis } from './genesis/messages.ts'
import { lineage } from './lineage/messages.ts'
import { amendment, approval, invite, invite2, ratification, voucher } from './membership/messages.ts'
import { metricReport, report } from './report/messages.ts'
import { certificate, evidence, inclusionList, precommit, prevote, proposal } from './round/messages.ts'
import {
  syncApproval,
  syncApprovalsRequest,
  syncBase,
  syncBasesRequest,
  syncDelta,
  syncDeltaRequest,
  syncEnvelope,
  syncEvidence,
  syncEvidenceRequest,
  syncHead,
  syncHeadRequest,
  syncReport,
  syncReportsRequest,
  syncRoundRequest,
} from './sync/messages.ts'
import { ENVELOPE_OVERHEAD_BYTES, KIBIBYTE } from './wire/limits.ts'

/** Every message kind and version, one row each. Rows are added, never edited or removed. */
export const REGISTRY = [
  { declaration: genesis, carrier: 'object' },
  { declaration: contribution, carrier: 'contributions' },
  { declaration: inclusionList, carrier: 'votes' },
  { declaration: proposal, carrier: 'votes' },
  { declaration: prevote, carrier: 'votes' },
  { declaration: precommit, carrier: 'votes' },
  { declaration: certificate, carrier: 'object' },
  { declaration: evidence, carrier: 'object' },
  { declaration: lineage, carrier: 'object' },
  { declaration: invite, carrier: 'object' },
  { declaration: syncHeadRequest, carrier: 'sync' },
  { declaration: syncHead, carrier: 'sync' },
  { declaration: syncBasesRequest, carrier: 'sync' },
  { declaration: syncBase, carrier: 'sync' },
  { declaration: syncRoundRequest, carrier: 'sync' },
  { declaration: syncEnvelope, carrier: 'sync' },
  { declaration: report, carrier: 'reports' },
  { declaration: syncReportsRequest, carrier: 'sync' },
  { declaration: syncReport, carrier: 'sync' },
  { declaration: syncEvidenceRequest, carrier: 'sync' },
  { declaration: syncEvidence, carrier: 'sync' },
  { declaration: amendment, carrier: 'object' },
  { declaration: approval, carrier: 'amendments' },
  { declaration: ratification, carrier: 'object' },
  { declaration: syncApprovalsRequest, carrier: 'sync' },
  { declaration: syncApproval, carrier: 'sync' },
  { declaration: voucher, carrier: 'envelope' },
  { declaration: invite2, carrier: 'object' },
  { declaration: metricReport, carrier: 'reports' },
  { declaration: syncDeltaRequest, carrier: 'sync' },
  { declaration: syncDelta, carrier: 'sync' },
  { declaration: archive, carrier: 'object' },
  { declaration: exportKey, carrier: 'envelope' },
] as const

/** What travels on which gossip topic. */
export const CONTRIBUTION_MESSAGES = [contribution] as const
export const VOTE_MESSAGES = [inclusionList, proposal, prevote, precommit] as const
export const REPORT_MESSAGES = [report, metricReport] as const
/** Not signed as a whole: both envelopes inside are. */
export const EVIDENCE_OBJECTS = [evidence] as const
export const AMENDMENT_MESSAGES = [approval] as const

export const TOPICS = ['contributions', 'votes', 'reports', 'amendments', 'evidence'] as const
export type TopicName = (typeof TOPICS)[number]

const CARRIED = {
  contributions: CONTRIBUTION_MESSAGES,
  votes: VOTE_MESSAGES,
  reports: REPORT_MESSAGES,
  amendments: AMENDMENT_MESSAGES,
  evidence: EVIDENCE_OBJECTS,
} as const

/** Bytes above which a message of a topic is rejected unread: its longest kind, with room to say of what is a little longer why. */
export function maxTopicBytes(name: TopicName): number {
  const longest = Math.max(...CARRIED[name].map(({ maxBytes }) => maxBytes)) + ENVELOPE_OVERHEAD_BYTES
  return Math.ceil(longest / TOPIC_STEP_BYTES) * TOPIC_STEP_BYTES
}

const TOPIC_STEP_BYTES = 4 * KIBIBYTE

/** Gossip topic of a network. `network` is the genesis CID as text. */
export function topicOf(network: string, name: TopicName): string {
  return `/coldmesh/1/${network}/${name}`
}
