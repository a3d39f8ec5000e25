import { randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { parseInvite } from '../../../protocols/membership/invite.ts'
import { topicOf } from '../../../protocols/registry.ts'
import { ACCEPT } from '../../../protocols/wire/verdict.ts'
import { connected } from '../../net/adapters/support.ts'
import { createInvitedNode } from '../../support/e2e/invited-node.ts'
import { type LiarNode, startLiarNode } from '../../support/e2e/liar/node.ts'
import { type Target, validEnvelope } from './modes.ts'

const EVERY_MS = 250
/** What has not come by then counts as lost. */
const LOST_MS = 10_000

export interface Latencies {
  readonly sent: number
  readonly lost: number
  readonly medianMs: number
  readonly maxMs: number
}

/** Two honest peers that know each other only through the victim: what one says reaches the other if the victim judged and relayed it. */
export interface Honest extends AsyncDisposable {
  readonly target: Target
  /** Says something every quarter of a second for so long, and waits for what is on its way. */
  measure(seconds: number): Promise<Latencies>
}

export async function startHonest(invite: string, base: string): Promise<Honest> {
  const { network, addresses } = parseInvite(invite)
  const speaker: LiarNode = await startLiarNode({ invite, members: addresses.slice(0, 1) })
  const listener = await createInvitedNode(invite, new Uint8Array(randomBytes(32)))
  const waiting = new Map<string, () => void>()
  listener.gossip.subscribe(topicOf(String(network), 'contributions'), ({ bytes }) => {
    waiting.get(Buffer.from(bytes).toString('base64'))?.()
    return ACCEPT
  })
  await listener.start()
  await connected([listener], 1)
  const { bytes } = await speaker.weightsOf(base)
  const target = { network: String(network), base, bytes: bytes.length }

  async function say(): Promise<number> {
    const envelope = validEnvelope(target)
    const key = Buffer.from(envelope).toString('base64')
    const heard = new Promise<number>((resolve) => waiting.set(key, () => resolve(performance.now())))
    const startedMs = performance.now()
    try {
      await speaker.publish('contributions', envelope)
    } catch {
      // The connection to the victim is gone: it counts as lost.
      return Number.POSITIVE_INFINITY
    }
    const late = setTimeout(LOST_MS, Number.POSITIVE_INFINITY, { ref: false })
    const atMs = await Promise.race([heard, late])
    waiting.delete(key)
    return atMs - startedMs
  }

  return {
    target,
    measure: async (seconds) => {
      const saying: Promise<number>[] = []
      const endMs = performance.now() + seconds * 1000
      while (performance.now() < endMs) {
        saying.push(say())
        await setTimeout(EVERY_MS)
      }
      const all = await Promise.all(saying)
      const heard = all.filter(Number.isFinite).sort((a, b) => a - b)
      return {
        sent: all.length,
        lost: all.length - heard.length,
        medianMs: heard[heard.length >> 1] ?? Number.POSITIVE_INFINITY,
        maxMs: heard.at(-1) ?? Number.POSITIVE_INFINITY,
      }
    },
    [Symbol.asyncDispose]: async () => {
      await listener.stop()
      await speaker[Symbol.asyncDispose]()
    },
  }
}
