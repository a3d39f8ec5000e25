import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { CID } from 'multiformats/cid'
import { addFile } from '../../../src/adapters/kubo/add-file.ts'
import { parseKuboAddress } from '../../../src/adapters/kubo/address.ts'
import { createKuboRpc, type KuboRpc } from '../../../src/adapters/kubo/rpc.ts'
import { KUBO, type Kubo, startKubo } from '../../support/kubo/kubo.ts'
import { cpuSecondsOf, type ProcessCost, peakOf } from '../measure.ts'

const DEADLINE_MS = 1_800_000

/** What is lacking to measure Kubo here; null when nothing is. */
export const kuboLacks = existsSync(KUBO)
  ? null
  : `there is no Kubo at ${KUBO}: test/reference/kubo/check.sh --build builds one, and the variable KUBO names another`

export interface FileToPin {
  readonly path: string
  readonly root: string
  readonly bytes: number
  /** For both Kubos: twice the file's size. */
  readonly folder: string
}

/** What a stock Kubo spends on pinning a file that another one has, on the same machine: each time a new one. */
export async function pinFromKubo({ path, root, bytes, folder }: FileToPin, runs: number): Promise<ProcessCost[]> {
  const homes = [join(folder, 'kubo'), join(folder, 'other-kubo')] as const
  await using one = await startKubo(homes[0])
  // Fails when Kubo gives the file another CID.
  await addFile(await rpcOf(one), { path, bytes, root: CID.parse(root), pinName: 'bench' })
  const costs: ProcessCost[] = []
  for (let run = 0; run < runs; run++) {
    costs.push(await pin(one, root, homes[1]))
    await rm(homes[1], { recursive: true })
  }
  await one.stop()
  await rm(homes[0], { recursive: true })
  return costs
}

async function pin(one: Kubo, root: string, home: string): Promise<ProcessCost> {
  await using other = await startKubo(home)
  const [address = ''] = (await one.ipfs('id', '-f', '<addrs>')).split('\n')
  await other.ipfs('swarm', 'connect', address)
  const rpc = await rpcOf(other)
  const cpuBefore = cpuSecondsOf(other.pid)
  const begun = performance.now()
  await rpc.call('pin/add', { arg: root }, { timeoutMs: DEADLINE_MS })
  const seconds = (performance.now() - begun) / 1000
  return { seconds, cpuSeconds: cpuSecondsOf(other.pid) - cpuBefore, peakBytes: peakOf(other.pid) }
}

const rpcOf = async (kubo: Kubo): Promise<KuboRpc> => createKuboRpc(parseKuboAddress(await kubo.address()))
