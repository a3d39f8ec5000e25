import { join } from 'node:path'
import { certificate as declaration } from '../../../protocols/round/messages.ts'
import { writeArchive } from '../../../src/peer/archive/write.ts'
import { archiveOptions } from '../../support/archive/small-archive.ts'
import { threeRounds } from '../../support/history/build-chain.ts'

// Writes archives into a folder, and prints of each: name, genesis CID, signatures that hold, exit status of whoever checks it by hand.
const [folder = '.'] = process.argv.slice(2)
const chain = await threeRounds()
const options = archiveOptions(chain, 'everything')
const genesis = String(chain.net.network)
const { certificate } = options
if (certificate === null) throw new Error('a certified base has a certificate')
const { kind: _, ...honest } = declaration.decode(certificate)
const { length: quorum } = honest.signatures

await writeArchive({ ...options, file: join(folder, 'good.car') })
console.log(['good', genesis, quorum * chain.entries.length, 0].join('\t'))

const [first, ...others] = honest.signatures
if (first === undefined) throw new Error('a certificate has signatures')
const signature = first.signature.map((byte, at) => (at === 7 ? byte ^ 1 : byte))
const forged = declaration.encode({ ...honest, signatures: [...others, { ...first, signature }] })
await writeArchive({ ...options, certificate: forged, file: join(folder, 'forged.car') })
console.log(['forged', genesis, quorum - 1, 1].join('\t'))

const stranger = 'bafyreigh2akiscaildc6kv2ox3lmn3kyd4zrfq4mv4vn4d5xm4xvhh3fqe'
await writeArchive({ ...options, file: join(folder, 'stranger.car') })
console.log(['stranger', stranger, 0, 1].join('\t'))
