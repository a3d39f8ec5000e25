import { parentPort } from 'node:worker_threads'

// A worker that dies in the way its task's kind says: `train` throws, anything else exits.

parentPort?.on('message', ({ task }: { task: { kind: string } }) => {
  if (task.kind === 'train') throw new Error('worker bug')
  process.exit(3)
})
