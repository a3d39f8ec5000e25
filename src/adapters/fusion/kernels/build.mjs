// Makes kernels-wasm.ts of the kernels' text: node src/adapters/fusion/kernels/build.mjs
import { writeFile } from 'node:fs/promises'
import wabt from 'wabt'
import { countKernels, equalKernel, finiteKernel, squaresKernel, tiesKernel } from './differences.mjs'
import { medianKernels, orderKernel } from './order.mjs'
import { baseKernels, doubleKernels, rebaseKernel, roundKernel } from './round.mjs'
import { addClippedKernel, addKernel, addTimesKernel, meanKernel } from './sums.mjs'
import { DTYPES, widenKernel } from './widen.mjs'

const DECLARATIONS = /^\(func \(export "\w+"\)(?:\s*\((?:param|result|local)[^()]*\))*/
const CONSTANT = /\(v128\.const (?!\w+ 0 0)[^)]*\)/g

/** A function whose constants are made once, before its loops: engines make them anew wherever they stand. */
function hoistConstants(text) {
  const [declarations = ''] = DECLARATIONS.exec(text) ?? []
  const names = new Map()
  const body = text.slice(declarations.length).replace(CONSTANT, (constant) => {
    if (!names.has(constant)) names.set(constant, `$constant${names.size}`)
    return `(local.get ${names.get(constant)})`
  })
  const locals = [...names.values()].map((name) => `(local ${name} v128)`)
  const sets = [...names].map(([constant, name]) => `(local.set ${name} ${constant})`)
  return [declarations, ...locals, ...sets, body].join(' ')
}

/** Functions, one after the other. */
function functionsOf(text) {
  return text.split(/(?=\(func )/)
}

/** The WebAssembly text of all kernels. */
export function kernelText() {
  const ofDtype = [
    widenKernel,
    addKernel,
    addTimesKernel,
    addClippedKernel,
    roundKernel,
    baseKernels,
    rebaseKernel,
    finiteKernel,
  ]
  const kernels = [
    meanKernel(),
    ...DTYPES.flatMap((dtype) => ofDtype.map((kernel) => kernel(dtype))),
    doubleKernels(),
    medianKernels(),
    orderKernel(),
    squaresKernel(),
    countKernels(),
    equalKernel(),
    tiesKernel(),
  ]
  const memory = `(memory (import ${['coldmesh', 'memory'].map((name) => `"${name}"`).join(' ')}) 1)`
  return `(module ${memory}\n${functionsOf(kernels.join('\n')).map(hoistConstants).join('\n')})`
}

/** The text of kernels-wasm.ts. */
export async function buildKernels() {
  const { parseWat } = await wabt()
  const module = parseWat('kernels.wat', kernelText(), { simd: true, bulk_memory: true })
  const base64 = Buffer.from(module.toBinary({}).buffer).toString('base64')
  const lines = base64.match(/.{1,400}/g).map((line) => `  '${line}',`)
  return [
    '// Built by kernels/build.mjs: do not edit.',
    '',
    '/** The WebAssembly module of the kernels, base64 in pieces. */',
    'export const KERNELS_WASM_BASE64: readonly string[] = [',
    ...lines,
    ']',
    '',
  ].join('\n')
}

if (import.meta.main) await writeFile(new URL('../kernels-wasm.ts', import.meta.url), await buildKernels())
