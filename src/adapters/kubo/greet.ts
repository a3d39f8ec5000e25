import { ColdmeshError } from '../../ports/errors.ts'
import { refusalOf } from './failures.ts'
import { DEFAULT_GREETING_MS, OLDEST_KUBO } from './limits.ts'
import type { KuboRpc } from './rpc.ts'
import { isRecord } from './shapes.ts'

/**
 * Asks a Kubo node for its version.
 * @throws ColdmeshError `refused` (not there, not Kubo), `unsupported` (too old)
 */
export async function greetKubo(rpc: KuboRpc): Promise<string> {
  const version = await readVersion(rpc)
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [oldestMajor, oldestMinor] = OLDEST_KUBO
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return version
  throw new ColdmeshError('unsupported', `This Kubo is ${version}; coldmesh needs ${OLDEST_KUBO.join('.')} or newer.`, {
    facts: { version },
    hint: 'Update Kubo.',
  })
}

async function readVersion(rpc: KuboRpc): Promise<string> {
  const answer = await rpc.call('version', {}, { timeoutMs: DEFAULT_GREETING_MS }).catch((error: unknown) => {
    throw refusalOf(error, 'say its version')
  })
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(answer))
    if (isRecord(value) && typeof value['Version'] === 'string' && 'Repo' in value) return value['Version']
  } catch {
    // no JSON: not Kubo
  }
  throw new ColdmeshError('refused', 'What answers there is not Kubo.', {
    hint: 'Give the address of its RPC API: `ipfs config Addresses.API` says where it is.',
  })
}
