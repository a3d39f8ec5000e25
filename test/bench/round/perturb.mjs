import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

// A training program (docs/command-trainer.md) that learns nothing: it moves each weight a little, then waits until as many have
// done so as take part, so that all announce at once. ROUND_BENCH_MEET is a folder in which each leaves a file in each round,
// ROUND_BENCH_PEERS how many they are; nobody goes on before ROUND_BENCH_GO is there.

const plan = JSON.parse(readFileSync(join(process.argv.at(-1), 'plan.json'), 'utf8'))
const base = join(plan.paths.base, 'model.safetensors')
const out = (name) => join(plan.paths.out, name)
const { ROUND_BENCH_MEET: meeting, ROUND_BENCH_PEERS: peers, ROUND_BENCH_GO: go } = process.env

if (plan.mode !== 'train') process.exit(64)
const bytes = readFileSync(base)
const start = 8 + Number(bytes.readBigUInt64LE())
const whole = new Uint8Array(bytes)
const words = new Uint32Array(whole.buffer, start, (whole.length - start) / 4)
let state = Math.imul(process.pid, 0x9e3779b1) | 1
for (let i = 0; i < words.length; i++) {
  state ^= state << 13
  state ^= state >>> 17
  state ^= state << 5
  words[i] ^= state & 0xff // of 23 bits of fraction
}
writeFileSync(out('model.safetensors'), whole)
const rows = readFileSync(plan.paths.validation, 'utf8').trimEnd().split('\n')
writeFileSync(out('predictions.jsonl'), rows.map(() => `${JSON.stringify(plan.labels[0])}\n`).join(''))
if (plan.paths.head !== null) copyFileSync(out('predictions.jsonl'), out('before.jsonl'))
process.stdout.write(`${JSON.stringify({ event: 'progress', step: 1, steps: 1, loss: 1 })}\n`)
writeFileSync(join(meeting, String(process.pid)), '')
const round = Math.ceil(readdirSync(meeting).length / Number(peers))
while (!existsSync(go) || readdirSync(meeting).length < round * Number(peers)) await pause(20)
