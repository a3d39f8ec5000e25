import { createTransfers, evenLinks } from './transfers.ts'

/** Checkpoints that a member fetches at once: `MAX_PARALLEL` of src/peer/round/fetches.ts. */
export const PARALLEL = 4
/** Parts of a checkpoint that are handed on as soon as they are there. */
const PARTS = 4

/** How members come by the checkpoints of a round. */
export interface CollectPlan {
  readonly members: number
  readonly checkpoints: number
  /** Ranges that checkpoints are split into; a member takes its group's, and the share to check of the others. */
  readonly groups: number
  /** 0 to 1. */
  readonly checkedShare: number
  /** Members begin at different places, and take from each other what one of them has. */
  readonly exchange: boolean
  /** Without exchange: transfers of one author above which a member looks for another holder. */
  readonly patience: number
}

/** In units of one checkpoint (bytes), and of one checkpoint over one link (time). */
export interface Collected {
  readonly time: number
  /** When each checkpoint was with all who need it, earliest first. */
  readonly heldAt: readonly number[]
  readonly authorSent: { readonly mean: number; readonly most: number }
  readonly memberSent: number
  readonly memberReceived: number
  readonly bottleneck: 'uplink of contributors' | 'uplinks' | 'downlink of members'
}

interface Want {
  readonly checkpoint: number
  /** The range: the own group's, or -1 for samples of the others. */
  readonly range: number
  readonly bytes: number
  /** Of what the member takes of this checkpoint. */
  readonly isLast: boolean
}

export function collect(plan: CollectPlan): Collected {
  const { members, checkpoints, groups, checkedShare } = plan
  const transfers = createTransfers(evenLinks(members + checkpoints, 1), (checkpoints / members) * 1e-3)
  const authorOf = (checkpoint: number) => members + checkpoint
  const holders = new Map<string, number[]>()
  const heldAt: number[] = []
  const lacking = Array.from({ length: checkpoints }, () => members)
  const queues = Array.from({ length: members }, (_, member) => wantsOf(member))

  /** In lottery order, or from a place of one's own in it. */
  function wantsOf(member: number): Want[] {
    const range = member % groups
    const first = plan.exchange ? Math.floor((member * checkpoints) / members) : 0
    const samples = checkedShare * (1 - 1 / groups)
    return Array.from({ length: checkpoints }, (_, i) => (first + i) % checkpoints).flatMap((checkpoint) => [
      { checkpoint, range, bytes: 1 / groups, isLast: samples === 0 },
      ...(samples > 0 ? [{ checkpoint, range: -1, bytes: samples, isLast: true }] : []),
    ])
  }

  function sourceOf(want: Want, part: number, member: number): number {
    const author = authorOf(want.checkpoint)
    const others = (holders.get(partName(want, part)) ?? []).filter((holder) => holder !== member)
    const load = (peer: number) => transfers.sending[peer] ?? 0
    const least = others.reduce((best, peer) => (load(peer) < load(best) ? peer : best), others[0] ?? author)
    if (plan.exchange) return load(least) <= load(author) ? least : author
    return load(author) >= plan.patience && load(least) < load(author) ? least : author
  }

  function fetchNext(member: number): void {
    const want = queues[member]?.shift()
    if (want) fetchPart(member, want, 0)
  }

  function fetchPart(member: number, want: Want, part: number): void {
    if (part === PARTS) {
      if (want.isLast) {
        lacking[want.checkpoint] = (lacking[want.checkpoint] ?? 0) - 1
        if (lacking[want.checkpoint] === 0) heldAt.push(transfers.now)
      }
      fetchNext(member)
      return
    }
    transfers.start(sourceOf(want, part, member), member, want.bytes / PARTS, () => {
      const name = partName(want, part)
      // Samples differ from member to member: nobody else has use for them.
      if (want.range >= 0) holders.set(name, [...(holders.get(name) ?? []), member])
      fetchPart(member, want, part + 1)
    })
  }

  for (let member = 0; member < members; member++) {
    for (let i = 0; i < PARALLEL; i++) fetchNext(member)
  }
  transfers.run()
  const { sent, received, heldBackBy } = transfers
  const ofAuthors = [...sent.subarray(members)]
  const total = (values: Iterable<number>) => [...values].reduce((sum, value) => sum + value, 0)
  return {
    time: transfers.now,
    heldAt,
    authorSent: { mean: total(ofAuthors) / checkpoints, most: Math.max(...ofAuthors) },
    memberSent: total(sent.subarray(0, members)) / members,
    memberReceived: total(received.subarray(0, members)) / members,
    bottleneck:
      heldBackBy.down >= heldBackBy.up ? 'downlink of members' : plan.exchange ? 'uplinks' : 'uplink of contributors',
  }
}

const partName = ({ checkpoint, range }: Want, part: number) => `${checkpoint}/${range}/${part}`
