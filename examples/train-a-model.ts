// Finetunes a model on a file of your own without any network, and scores the result on rows that it has not seen.
//   node --conditions=coldmesh-source examples/train-a-model.ts BASE_DIRECTORY TRAIN.csv TEST.csv OUT_DIRECTORY
import { createTrainer, evaluate, openDataset, train } from 'coldmesh'

const [base, trainFile, testFile, out] = process.argv.slice(2)
if (base === undefined || trainFile === undefined || testFile === undefined || out === undefined) {
  throw new Error('Give a model directory, two files with the columns text and label, and a directory to write.')
}

const dataset = await openDataset(trainFile, { text: 'text', label: 'label' })
const test = await openDataset(testFile, { text: 'text', label: 'label' })

// The fastest engine that works here. A program of your own is an engine too: { engine: 'command:python3 train.py' }.
const trainer = await createTrainer()
try {
  // Small, as the shipped data is. What is left out has defaults: docs/training.md lists them.
  const plan = { steps: 60, batch: 16, maxTokens: 32, evaluateEvery: 20 }
  const trained = await train({
    base,
    dataset,
    // Appears when all of it is there: a directory that transformers loads, and head.safetensors beside the weights.
    out,
    trainer,
    plan,
    // A killed training goes on from its last snapshot when the same call is made again.
    snapshotEveryMs: 10_000,
    onProgress: ({ step, steps, loss }) => console.info(`step ${step} of ${steps}, loss ${loss.toFixed(3)}`),
  })
  console.info(
    `held-out score ${trained.validation.after.toFixed(3)} after ${trained.steps} steps on ${trained.device}`,
  )

  // The held-out rows chose the weights. Only rows that chose nothing say how good they are.
  const scored = await evaluate({
    base: trained.out,
    head: trained.head,
    examples: test.examples,
    maxTokens: plan.maxTokens,
    trainer,
  })
  console.info(`test ${scored.metric} ${scored.score.toFixed(3)} on ${scored.rows} rows`)
} finally {
  // Ends its worker thread; without this the process would still end, a little later.
  await trainer.stop()
}
