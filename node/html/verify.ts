import { type Html, html } from '../lab/html.ts'
import { show } from '../text/escape.ts'
import type { Lineage } from './collect.ts'

/** What to type, with the CIDs of this history filled in. */
export function sectionVerify({ head, network, rounds }: Lineage): Html {
  const safe = (id: string) => show(id, { maxLength: 128 })
  const [base, genesis] = [safe(head), safe(network)]
  const row = rounds.find(({ inputs }) => inputs.length > 0)?.inputs[0]
  return html`<section id="verify">
<h2>Verify it yourself</h2>
<p>Two things have to come from somebody you trust, and not from this page: the network's genesis CID and the base's. Everything else follows from them: a base's CID commits to its weights, to every file
beside them, and to its whole history.</p>
<p>With a peer's data directory, every signature back to the genesis, and every fusion again where the inputs' bytes are:</p>
<pre tabindex="0">coldmesh verify ${base} --dir DIR --trust ${genesis}</pre>
<p>With the base as a directory, exported or downloaded (the certificate and the genesis lie beside it):</p>
<pre tabindex="0">coldmesh export ${base} --dir DIR --out base
coldmesh verify base --trust ${genesis}</pre>
<p>With IPFS alone, that files are the base's: its CID is that of the directory under the profile unixfs-v1-2025.</p>
<pre tabindex="0">ipfs get ${base}
ipfs add --recursive --only-hash --quieter ${base}</pre>
<p>That a row was in the data of a contribution, for whom its owner gave a proof, by SHA-256 alone${row === undefined ? '' : `; for example against the root ${safe(row.commitment)} over ${row.rows} rows`}:</p>
<pre tabindex="0">coldmesh data check PROOF --contribution base</pre>
<p>It shows who answers for each base, and that the weights are the fusion of the inputs. It does not show that a model is good, that data are what their owner says, or that a licence holds.</p>
</section>`
}
