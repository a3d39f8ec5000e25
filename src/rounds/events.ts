import type { CID } from 'multiformats/cid'
import type { Contribution } from '../../protocols/contribution/messages.ts'
import type { RoundMessage } from '../../protocols/round/rules.ts'
import type { Signed } from '../../protocols/wire/envelope.ts'
import type { BuildSpec, SignedContribution } from './state.ts'

/** What happens to a round. `now` is the peer's own monotonic clock in milliseconds. */
export type RoundEvent = { readonly now: number } & (
  | { readonly type: 'started' }
  /** A message that `judge` accepted, our own included once it is journaled and signed. */
  | { readonly type: 'received'; readonly signed: Signed<Contribution | RoundMessage> }
  /** Everything of this round in the journal, ours and the proofs with it, before anything else. */
  | { readonly type: 'restored'; readonly signed: readonly Signed<Contribution | RoundMessage>[] }
  /**
   * The bytes of a contribution arrived and are valid, or `reason` says why not. After `UNAVAILABLE` whoever fetches goes on
   * trying until the round is over, and says so again when it has them.
   */
  | { readonly type: 'checkpoint'; readonly id: CID; readonly reason: string | null }
  /** The bytes of a proposal's lineage arrived; null when nobody gave them. */
  | { readonly type: 'lineage'; readonly cid: CID; readonly bytes: Uint8Array | null }
  | { readonly type: 'built'; readonly key: string; readonly base: CID; readonly lineage: CID }
  | { readonly type: 'build-failed'; readonly key: string; readonly reason: string }
  /** What our own data say of a base: why it is refused, or null; also when they can't say. */
  | { readonly type: 'gate-judged'; readonly base: CID; readonly reason: string | null }
  /** An input of a refused base that is worse alone, or the worst: we offer it no more. */
  | { readonly type: 'gate-blamed'; readonly id: CID }
  /** A quorum of this round's committee approved an amendment; whoever proposes embeds it. */
  | { readonly type: 'ratified'; readonly ratification: Uint8Array }
  | { readonly type: 'timer'; readonly name: string }
)

/** Fields of what a member says; network, author and kind are added by who signs. */
export type Saying =
  | {
      readonly kind: 'list/1'
      readonly round: number
      readonly parent: CID
      readonly seq: number
      readonly contributions: readonly CID[]
    }
  | {
      readonly kind: 'proposal/1'
      readonly round: number
      readonly view: number
      readonly validView: number | null
      readonly lineage: CID
      readonly base: CID
    }
  | {
      readonly kind: 'prevote/1' | 'precommit/1'
      readonly round: number
      readonly view: number
      readonly base: CID | null
    }

/** What a round wants done. */
export type RoundEffect =
  /**
   * Journal, sign, feed back as `received`, then send. `proof` goes into the journal first: the contributions that a list
   * adds, and the proposal and prevotes that a lock rests on, without which nobody could be freed from it after a restart.
   */
  | {
      readonly type: 'say'
      readonly saying: Saying
      readonly reason: string | null
      readonly proof: readonly Signed<Contribution | RoundMessage>[]
    }
  /** Fetch and validate a checkpoint, first from `from` (a member that lists it). May come again with another one. */
  | { readonly type: 'fetch-checkpoint'; readonly contribution: SignedContribution; readonly from: Uint8Array | null }
  /** Ask `from` for contributions that it lists. */
  | { readonly type: 'fetch-contributions'; readonly ids: readonly CID[]; readonly from: Uint8Array }
  /** Answered once by `lineage`, from our own store if it is there, else from `from`. */
  | { readonly type: 'fetch-lineage'; readonly cid: CID; readonly from: Uint8Array }
  /** Fuse and assemble the base of a spec. */
  | { readonly type: 'build'; readonly key: string; readonly spec: BuildSpec }
  /** Ask our own data about a base that we built. Answered once by `gate-judged`; when refused, then by `gate-blamed` for inputs. */
  | { readonly type: 'judge-gate'; readonly base: CID; readonly spec: BuildSpec }
  | { readonly type: 'timer'; readonly name: string; readonly delayMs: number }
  /** A quorum of precommits: the base is final. */
  | { readonly type: 'decided'; readonly base: CID; readonly view: number; readonly certificate: Uint8Array }
  /** Two messages of one author that contradict each other. */
  | { readonly type: 'evidence'; readonly first: Signed<RoundMessage>; readonly second: Signed<RoundMessage> }
  | { readonly type: 'entered-view'; readonly view: number; readonly aggregator: Uint8Array }
