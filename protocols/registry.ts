import { contribution } from './contribution/messages.ts'
import { genesis } from './genesis/messages.ts'
import { lineage } from './lineage/messages.ts'
import { amendment, approval, invite, invite2, ratification, voucher } from './membership/messages.ts'
import { report } from './report/messages.ts'
import { certificate, evidence, inclusionList, precommit, prevote, proposal } from './round/messages.ts'
import {
  syncApproval,
  syncApprovalsRequest,
  syncBase,
  syncBasesRequest,
  syncEnvelope,
  syncHead,
  syncHeadRequest,
  syncReport,
  syncReportsRequest,
  syncRoundRequest,
} from './sync/messages.ts'

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
  { declaration: amendment, carrier: 'object' },
  { declaration: approval, carrier: 'amendments' },
  { declaration: ratification, carrier: 'object' },
  { declaration: syncApprovalsRequest, carrier: 'sync' },
  { declaration: syncApproval, carrier: 'sync' },
  { declaration: voucher, carrier: 'envelope' },
  { declaration: invite2, carrier: 'object' },
] as const

/** What travels on which gossip topic. */
export const CONTRIBUTION_MESSAGES = [contribution] as const
export const VOTE_MESSAGES = [inclusionList, proposal, prevote, precommit] as const
export const REPORT_MESSAGES = [report] as const
export const AMENDMENT_MESSAGES = [approval] as const

export const TOPICS = ['contributions', 'votes', 'reports', 'amendments'] as const
export type TopicName = (typeof TOPICS)[number]

/** Gossip topic of a network. `network` is the genesis CID as text. */
export function topicOf(network: string, name: TopicName): string {
  return `/coldmesh/1/${network}/${name}`
}
