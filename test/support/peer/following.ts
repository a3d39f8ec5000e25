import type { PeerContext } from '../../../src/peer/context.ts'
import type { CheckedBase } from '../../../src/peer/heads.ts'
import { createHeadComparison } from '../../../src/peer/round/compare-heads.ts'
import { createFollower } from '../../../src/peer/round/follower.ts'
import type { Silence } from '../../../src/peer/silence.ts'
import type { Split } from '../../../src/peer/split.ts'
import type { Head } from '../../../src/rounds/state.ts'

/** A key that may speak until something silences it. */
export function openMouth(): Silence {
  let reason: string | null = null
  return {
    get reason() {
      return reason
    },
    impose: (why) => {
      reason ??= why
    },
    foundImpostor: async () => {},
    followed: async () => {},
    entered: async () => {},
  }
}

/** Compares heads with a peer and goes where it is, as a round loop does, without the rounds. */
export function createFollowing(options: {
  readonly context: PeerContext
  readonly head: () => Head
  readonly enter: (checked: CheckedBase) => void
  readonly onSplit: (split: Split) => Promise<void>
}): { follow(peer: string): Promise<void> } {
  const { context, head, onSplit } = options
  const follower = createFollower({
    context,
    current: head,
    enter: (checked) => {
      options.enter(checked)
      follower.entered()
    },
    onFollowed: async () => {},
    onError: (peer, error) => heads.failed(peer, error),
  })
  const heads = createHeadComparison({ context, follower: () => follower, onSplit })
  return {
    follow: async (peer) => {
      await heads.compare(peer)
      await follower.run()
    },
  }
}
