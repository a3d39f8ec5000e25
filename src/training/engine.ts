import type { TrainingPlan, Weights } from '../ports/trainer.ts'
import type { ClassifierShape } from './classifier.ts'
import type { Learner, TokenRow } from './learner.ts'

/** What computes: forward, backward and steps of one architecture on one device. Everything around it is the same for all. */
export interface Engine {
  /** For example `onnx`: one of src/engines/names.ts. */
  readonly name: string
  /** What it computes on, for example `cpu`. */
  readonly device: string
  /** Body and head learn. The learner keeps to the `choices` of rows: what several heads in one need. */
  createLearner(options: LearnerOptions): Promise<Learner>
  /** The body as it is, without dropout. */
  createExtractor(model: BodyOptions): Promise<FeatureExtractor>
  /** Frees what it holds. Learners and extractors are released before. */
  close(): Promise<void>
}

export interface EngineOptions {
  /** Threads on a CPU. Equal weights on every run are promised for 1 only. */
  readonly threads: number
}

export interface BodyOptions {
  readonly shape: ClassifierShape
  readonly body: readonly Weights[]
}

export interface LearnerOptions extends BodyOptions {
  readonly head: readonly Weights[]
  /** Its rates are given step by step. */
  readonly plan: Pick<TrainingPlan, 'weightDecay' | 'clipNorm' | 'accumulation' | 'seed'> &
    Partial<Pick<TrainingPlan, 'freeze'>>
  /** Rows of a batch, at most. */
  readonly batch: number
  /** The longest bucket that training will use. */
  readonly longest: number
}

export interface FeatureExtractor {
  /** What a head reads of each of at most EVALUATION_BATCH rows padded to `length` tokens: hidden numbers each. */
  features(rows: readonly TokenRow[], length: number): Promise<Float32Array[]>
  release(): Promise<void>
}
