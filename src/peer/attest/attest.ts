import { resolve } from 'node:path'
import { toHex } from '../../../protocols/wire/bytes.ts'
import { writeFileAtomic } from '../../adapters/files/atomic.ts'
import { readKey } from '../../adapters/files/key-file.ts'
import { createSigner } from '../../adapters/system/signer.ts'
import { openBase } from '../../checkpoint/base.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import type { Signer } from '../../ports/system.ts'
import { paths } from '../data-dir.ts'
import { isMissing } from '../history/bad-link.ts'
import { verifyBase } from '../history/verify.ts'
import type { AttestedBase } from './attested-base.ts'
import { type AttestedHistory, readAttestedHistory } from './attested-history.ts'
import { canonicalJson, type Json } from './canonical-json.ts'
import { dsseJson, statementPreAuthentication } from './dsse.ts'
import { digestFiles } from './file-digests.ts'
import type { LicenceWarning } from './licence-warnings.ts'
import { mlBom } from './ml-bom.ts'
import { readModelFacts } from './model-facts.ts'
import { modelSigningBundle } from './model-signing.ts'
import { openAttested } from './open-attested.ts'
import { EXPORT_KEY_PEM_SUFFIX, EXPORT_KEY_SUFFIX, requireFreePaths } from './output-paths.ts'
import { type ExportSigner, keyidOf, openExportSigner, stateExportKey } from './signers.ts'
import { baseStatement, type VerificationJson } from './statement.ts'
import type { Attested, AttestOptions } from './types.ts'

interface Output {
  readonly path: string
  readonly bytes: Uint8Array
}

interface Keys {
  readonly peer: Signer
  readonly exportKey: ExportSigner
}

/**
 * Writes what standard tools read about a base: an in-toto statement, a model signature, a bill of materials. Nothing is written
 * before all of it is made.
 * @throws ColdmeshError `bad-input`: a file that is there, no such base; `block-missing`: the base's bytes or its history;
 * `not-valid`: a base that does not hold; `refused`: keys, disk; `aborted`
 */
export async function attest(options: AttestOptions): Promise<Attested> {
  const { target, dataDir = null, signal } = options
  const inToto = absolute(options.inToto)
  const modelSigning = absolute(options.modelSigning)
  const bom = absolute(options.mlBom)
  const signed = [inToto, modelSigning].filter((path) => path !== null)
  const beside = signed.flatMap((path) => [`${path}${EXPORT_KEY_SUFFIX}`, `${path}${EXPORT_KEY_PEM_SUFFIX}`])
  const wanted = [...signed, ...(bom === null ? [] : [bom]), ...beside]
  await requireFreePaths(wanted, 'directory' in target ? target.directory : null)

  await using attested = await openAttested(target, { dataDir, signal })
  const keys = signed.length === 0 ? null : await openKeys(dataDir)
  const keepsRounds = bom !== null
  const history = inToto === null && bom === null ? null : await wholeHistory(attested, { keepsRounds, signal })
  const files = await digestFiles(attested)
  const outputs: Output[] = []
  let warnings: readonly LicenceWarning[] = []
  if (inToto !== null && keys !== null && history !== null) {
    const verification = await verifyFirst(attested, options)
    const { weights } = await openBase(attested.base, attested.store.get)
    const statement = baseStatement({ attested, history, files, weights: weights.cid, verification })
    outputs.push({ path: inToto, bytes: signStatement(statement, keys) })
  }
  if (modelSigning !== null && keys !== null) {
    const bundle = modelSigningBundle(String(attested.base), files, keys.exportKey)
    outputs.push({ path: modelSigning, bytes: Buffer.from(`${JSON.stringify(bundle)}\n`) })
  }
  if (bom !== null && history !== null) {
    const made = mlBom({ attested, history, files, model: await readModelFacts(attested) })
    warnings = made.warnings
    outputs.push({ path: bom, bytes: Buffer.from(made.text) })
  }
  if (keys !== null) outputs.push(...keyFiles(signed, attested, keys))
  for (const { path, bytes } of outputs) await writeFileAtomic(path, bytes)
  return {
    base: String(attested.base),
    files: outputs.map(({ path }) => path),
    signedBy: keys === null ? null : { author: toHex(keys.peer.key), exportKey: keyidOf(keys.exportKey.spki) },
    warnings,
  }
}

const absolute = (path: string | undefined) => (path === undefined ? null : resolve(path))

/** @throws ColdmeshError `bad-input` where nobody is named, `refused` */
async function openKeys(dataDir: string | null): Promise<Keys> {
  if (dataDir === null) {
    throw new ColdmeshError('bad-input', 'It is not said whose keys sign.', {
      hint: 'name a data directory with --dir; a bill of materials needs none',
    })
  }
  const peer = createSigner(await readKey(paths.key(dataDir)))
  return { peer, exportKey: await openExportSigner(paths.exportKey(dataDir)) }
}

/** The history back to the genesis, which holds. */
async function wholeHistory(
  attested: AttestedBase,
  options: Parameters<typeof readAttestedHistory>[1],
): Promise<AttestedHistory> {
  const history = await readAttestedHistory(attested, options)
  const [first] = history.failures
  if (first === undefined && history.facts !== null) return history
  const isIncomplete = first === undefined || isMissing(first)
  const where = first === undefined ? '' : ` Round ${first.round}: ${first.link}: ${first.reason}`
  throw new ColdmeshError(
    isIncomplete ? 'block-missing' : 'not-valid',
    isIncomplete ? `The history of this base is not all here.${where}` : `This base does not hold.${where}`,
    {
      hint: isIncomplete
        ? 'name a data directory that has the rounds before with --dir'
        : 'run coldmesh verify on it: nothing was signed',
    },
  )
}

async function verifyFirst(
  { network, store, base, certificate }: AttestedBase,
  { level, signal }: AttestOptions,
): Promise<VerificationJson | null> {
  if (level === undefined) return null
  const trust = String(network.id)
  const options = { network, store, base, certificate, level, trust }
  const report = await verifyBase(signal === undefined ? options : { ...options, signal })
  const { valid, certified, rounds, failures } = report
  if (!valid) {
    const [first] = failures
    const why = first === undefined ? 'not every round was fused again' : `round ${first.round}: ${first.link}`
    throw new ColdmeshError('not-valid', `This base is not valid at level ${level}: ${why}.`, {
      hint: 'nothing was signed; --level signatures needs no weights, and no --level states nothing',
    })
  }
  const reproduced = rounds.filter(({ fusion }) => fusion === 'reproduced').length
  return { level, valid, certified, rounds: rounds.length, reproduced }
}

/** By both keys: tools differ in what they can check. */
function signStatement(statement: Json, { peer, exportKey }: Keys): Uint8Array {
  const payload = Buffer.from(canonicalJson(statement))
  const bytes = statementPreAuthentication(payload)
  const signatures = [
    { keyid: toHex(peer.key), sig: peer.sign(bytes) },
    { keyid: keyidOf(exportKey.spki), sig: exportKey.sign(bytes) },
  ]
  return Buffer.from(`${JSON.stringify(dsseJson({ payload, signatures }))}\n`)
}

function keyFiles(signed: readonly string[], { network }: AttestedBase, { peer, exportKey }: Keys): readonly Output[] {
  const said = stateExportKey(network.id, peer, exportKey)
  return signed.flatMap((path) => [
    { path: `${path}${EXPORT_KEY_SUFFIX}`, bytes: said },
    { path: `${path}${EXPORT_KEY_PEM_SUFFIX}`, bytes: Buffer.from(exportKey.pem) },
  ])
}
