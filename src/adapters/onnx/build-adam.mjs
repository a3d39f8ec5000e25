// Compiles adam.wat to adam-wasm.ts: node src/adapters/onnx/build-adam.mjs
import { readFile, writeFile } from 'node:fs/promises'
import wabt from 'wabt'

/** The text of adam-wasm.ts for the WebAssembly source `wat`. */
export async function buildAdam(wat) {
  const { parseWat } = await wabt()
  const module = parseWat('adam.wat', wat, { simd: true })
  const base64 = Buffer.from(module.toBinary({}).buffer).toString('base64')
  const lines = base64.match(/.{1,110}/g).map((line) => `  '${line}',`)
  return [
    '// Built from adam.wat by build-adam.mjs: do not edit.',
    '',
    '/** The WebAssembly module of adam.wat, base64 in pieces. */',
    'export const ADAM_WASM_BASE64: readonly string[] = [',
    ...lines,
    ']',
    '',
  ].join('\n')
}

if (import.meta.main) {
  const wat = await readFile(new URL('adam.wat', import.meta.url), 'utf8')
  await writeFile(new URL('adam-wasm.ts', import.meta.url), await buildAdam(wat))
}
