import type { Dataset, Examples, ReadProgress, TaskType } from './dataset.ts'

/** F32 weights of one tensor. `data` has product(shape) elements, row-major. */
export interface Weights {
  readonly name: string
  readonly shape: readonly number[]
  readonly data: Float32Array
}

/** A base as a trainer sees it: the files of the directory, decoded. */
export interface Model {
  /** config.json, parsed. */
  readonly config: Readonly<Record<string, unknown>>
  /** tokenizer.json and tokenizer_config.json, parsed. */
  readonly tokenizer: Readonly<Record<string, unknown>>
  readonly tokenizerConfig: Readonly<Record<string, unknown>>
  /** The body in checkpoint order, Hugging Face names. */
  readonly body: readonly Weights[]
}

/** A task's own last layer. Stays with its owner; `labels` gives the order of its outputs: one each, and for `regression` one without. */
export interface Head {
  /** Absent: `single-label`. */
  readonly task?: TaskType
  readonly labels: readonly string[]
  /** `classifier.weight` [outputs, hidden] and `classifier.bias` [outputs]. */
  readonly weights: readonly Weights[]
}

/** Scores on held-out rows that say "better" by being higher; `mean-squared-error` is told beside them, and chooses nothing. */
export type Metric =
  | 'accuracy'
  | 'macro-f1'
  | 'f1'
  | 'matthews'
  | 'micro-f1'
  | 'exact-match'
  | 'pearson'
  | 'spearman'
  | 'pearson-spearman'

/** All scores that a task has. Fractions; correlations (Matthews, Pearson, Spearman) from -1 to 1; the error in the label's unit squared. */
export type Scores = Readonly<Partial<Record<Metric | 'mean-squared-error', number>>>

/** How to finetune: plain data, recorded in every contribution. */
export interface TrainingPlan {
  readonly optimizer: 'adamw'
  readonly learningRate: number
  /** The head learns at learningRate * headRate. */
  readonly headRate: number
  readonly weightDecay: number
  /** Fraction of the steps with a linearly growing rate; then the schedule. */
  readonly warmup: number
  /** `linear`: falls to zero at the last step; `constant`: stays; `paper`: falls by 0.0006 of the peak a step, see `rateFactor`. */
  readonly schedule: 'linear' | 'constant' | 'paper'
  readonly batch: number
  /** Gradients of this many batches are averaged before a step. */
  readonly accumulation: number
  /** Upper bound of optimizer steps. */
  readonly steps: number
  /** Passes over the training rows at most; null: as many as the steps take. */
  readonly epochs: number | null
  /** Training ends with the first step after this time, and its schedule is made to fit it; null: takes as long as it takes. */
  readonly maxSeconds: number | null
  /** Global gradient norm is clipped to this; 0 = off. */
  readonly clipNorm: number
  /** Longest input in tokens. */
  readonly maxTokens: number
  /** Overrides the model's hidden and attention dropout; null = the config's. */
  readonly dropout: number | null
  readonly seed: number
  /** Fraction of examples held out by seeded hash when the dataset has no validation rows. */
  readonly validationFraction: number
  /** The score that chooses the weights to keep and says when to stop; null: the task's own, see `metricOf`. */
  readonly metric: Metric | null
  /** The label that `f1` is about: MRPC's and QQP's. */
  readonly positive: string | null
  /** Evaluate on validation every this many steps; stop after `patience` evaluations without a gain of `minGain` in the metric. 0 = off. */
  readonly evaluateEvery: number
  readonly patience: number
  readonly minGain: number
  /** Instead of `patience`: stop after this many training examples without a gain of `minGain`; 0 = `patience` counts. */
  readonly patienceExamples: number
  /** 'full' trains body and head; 'frozen' only the head (the body is a fixed feature extractor). */
  readonly mode: 'full' | 'frozen'
  /** The embeddings and this many layers from the bottom keep their exact weights; null: everything learns. */
  readonly freeze: number | null
}

export interface TrainingProgress {
  readonly step: number
  readonly steps: number
  readonly loss: number
  readonly tokensPerSecond: number
  /** Until the last step, by the pace so far; without evaluations. */
  readonly secondsLeft: number
  /** Set after an evaluation on the validation rows. */
  readonly validation?: { readonly metric: Metric; readonly score: number }
  /** Set on the first report of a training that goes on from a snapshot: `step` is where. */
  readonly isResumed?: true
}

/** The whole state of an interrupted training after `step`: weights, kept weights, moments, generators. Only the engine that wrote it reads it. */
export interface TrainingSnapshot {
  readonly trainer: string
  readonly step: number
  readonly bytes: Uint8Array
}

export interface TrainingResult {
  /** The finetuned body, same names, shapes and order as the model's. */
  readonly body: readonly Weights[]
  readonly head: Head
  readonly steps: number
  readonly seconds: number
  /** On the held-out rows: the metric with the starting head (before: null if there was none) and the best, and all of the best's scores. */
  readonly validation: {
    readonly rows: number
    readonly metric: Metric
    readonly before: number | null
    readonly after: number
    readonly scores: Scores
  }
  /** Rows trained on. */
  readonly rows: number
  /** The most memory that the process has had, all it does together; absent where nobody measured. */
  readonly peakMemoryBytes?: number
}

export interface PassedOver {
  readonly engine: string
  readonly reason: string
}

export interface TaskToTrain {
  readonly dataset: Dataset<Examples>
  readonly head: Head | null
}

export interface TogetherResult {
  readonly body: readonly Weights[]
  /** In the order of the tasks. */
  readonly heads: readonly Head[]
  readonly steps: number
  readonly seconds: number
}

export interface Evaluated {
  readonly rows: number
  readonly metric: Metric
  readonly score: number
  readonly scores: Scores
}

export interface Trainer {
  /** For example `onnx`. Recorded in every contribution. */
  readonly name: string
  /** The device it runs on, for example `cpu`. */
  readonly device: string
  /** Faster ones that are installed but don't work here, though there may be a GPU. */
  readonly passedOver?: readonly PassedOver[]
  /** @throws ColdmeshError `bad-model`, `bad-dataset`, `unsupported`, `aborted` */
  train(request: {
    readonly model: Model
    readonly head: Head | null
    readonly dataset: Dataset<Examples>
    readonly plan: TrainingPlan
    readonly signal?: AbortSignal
    /** Told while rows are read, before the first step. */
    readonly onRead?: (progress: ReadProgress) => void
    readonly onProgress?: (progress: TrainingProgress) => void
    /** Goes on from here: with one thread, to the same weights as without the break. Ignored when it fits not this model, plan, data and engine. */
    readonly snapshot?: TrainingSnapshot
    /** Called between steps, at most every `snapshotEveryMs`. */
    readonly onSnapshot?: (snapshot: TrainingSnapshot) => void
    readonly snapshotEveryMs?: number
  }): Promise<TrainingResult>
  /**
   * Multitask training: one body and a head for each task, batches of the tasks in turn, one optimizer. Takes all of the plan's steps and returns
   * the weights after the last; validation rows are not looked at.
   *
   * @throws ColdmeshError as `train`; `unsupported` for the mode `frozen`
   */
  trainTogether(request: {
    readonly model: Model
    readonly tasks: readonly TaskToTrain[]
    readonly plan: TrainingPlan
    readonly signal?: AbortSignal
    readonly onProgress?: (progress: TrainingProgress) => void
  }): Promise<TogetherResult>
  /** Scores of model + head on `examples`. @throws as `train` */
  evaluate(request: {
    readonly model: Model
    readonly head: Head
    readonly examples: Examples
    readonly maxTokens: number
    /** Null or absent: the task's own. */
    readonly metric?: Metric | null
    /** The label that `f1` is about. */
    readonly positive?: string | null
    readonly signal?: AbortSignal
    readonly onRead?: (progress: ReadProgress) => void
  }): Promise<Evaluated>
  /** Frees sessions and workers. Idempotent. */
  stop(): Promise<void>
}
