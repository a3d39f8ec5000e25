// Take part in a network

export type { CommandTrainerOptions } from './adapters/command/trainer.ts'
export { readConfig } from './adapters/config/config.ts'
// Data and training
export {
  type DatasetOptions,
  type DatasetReport,
  type InspectOptions,
  inspectDataset,
  openDataset,
  openExamples,
  openSample,
  openTrainingData,
  splitRows,
} from './adapters/datasets/index.ts'
export { createLog } from './adapters/system/log.ts'
export { createCommandTrainer } from './engines/command-trainer.ts'
export { evaluateBase, evaluateWords } from './engines/evaluate-base.ts'
export { type EngineReport, examineEngines } from './engines/examine.ts'
export { ENGINE_CHOICES, ENGINE_NAMES, type EngineChoice, type EngineName } from './engines/names.ts'
export { planFor } from './engines/plan-for.ts'
export { createTrainer, type TrainerOptions } from './engines/trainer.ts'
export { type BaselineOptions, fuseBodies, trainMultitask, trainOneShot } from './evaluation/baselines.ts'
// Judge a base
export { FEW_SHOT_LABELS, sampleFewShot } from './evaluation/few-shot.ts'
export type { EvaluateOptions, Evaluation, EvaluationTask } from './evaluation/judge-base.ts'
export { type ChartPoint, type ChartSeries, chartColumn, type LineChart, lineChart } from './evaluation/line-chart.ts'
export { EVALUATION_MODES, EVALUATION_PLANS, type EvaluationMode } from './evaluation/plans.ts'
export { reportOf } from './evaluation/report-of.ts'
export { type MeanAndError, meanAndError, meanOverTasks } from './evaluation/statistics.ts'
// Fusion rules
export { type Fusion, formatRule, parseRule } from './fusion/rule-text.ts'
// Experiments
export { LAB_BASELINES, type LabBaseline, type LabEvaluation, type LabPlan, type LabTask } from './lab/plan.ts'
export type { LabCurve, LabGain, LabPoint, LabResult, LabRun } from './lab/result.ts'
export { type LabOptions, runLab } from './lab/run-lab.ts'
export type { LabProgress } from './lab/work.ts'
export { isWebUrl } from './peer/archive/at-url.ts'
export { unpackArchive } from './peer/archive/unpack.ts'
// Say it in the words of standard tools
export { attest } from './peer/attest/attest.ts'
export type {
  AttestationKind,
  AttestationReport,
  Attested,
  AttestOptions,
  AttestTarget,
  LicenceWarning,
} from './peer/attest/types.ts'
export { verifyAttestation } from './peer/attest/verify-attestation.ts'
export { blameInputs } from './peer/blame/blame-inputs.ts'
export { type FusedWithout, fuseWithout } from './peer/blame/fuse-without.ts'
export type {
  BlamedInput,
  BlameOptions,
  BlameProgress,
  BlameReport,
  BlameSource,
  FuseWithoutOptions,
} from './peer/blame/types.ts'
export { createPeer } from './peer/create-peer.ts'
export { defaultDataDir, initDataDir } from './peer/data-dir.ts'
// Show what data were contributed with
export { readCommitments } from './peer/dataset/stated-commitments.ts'
export type * from './peer/dataset/types.ts'
export { checkDatasetProof, commitDataset, compareDataset, proveDatasetRow } from './peer/dataset/verbs.ts'
export { type EvaluateHeadOptions, evaluate, readHead } from './peer/evaluate.ts'
// Judge a base
export { verifyEvidence } from './peer/evidence-report.ts'
export { createFork } from './peer/fork/create.ts'
export { type FusedModels, type FuseModelsOptions, fuseModels } from './peer/fuse-models.ts'
export { createGenesis, DEFAULT_ROUND_POLICY } from './peer/genesis.ts'
export { type ImportedModel, type ImportOptions, importModel } from './peer/import.ts'
export { type ImportedCar, importCar } from './peer/import-car.ts'
export { readModelDirectory } from './peer/model.ts'
export { type ExportedHistory, openExported } from './peer/open-exported.ts'
export { openHistory } from './peer/open-history.ts'
export { type TakenOver, type TakeOverOptions, takeOver } from './peer/take-over.ts'
export { type Trained, type TrainOptions, train } from './peer/train.ts'
export type * from './peer/types.ts'
export { type VerifyArchiveSourceOptions, verifyArchive } from './peer/verify-archive.ts'
export { verifyDirectory } from './peer/verify-directory.ts'
// Let others contribute
export { vouchOffline } from './peer/vouch-offline.ts'
export {
  type Dataset,
  type Example,
  type Examples,
  type Label,
  type ReadProgress,
  TASK_TYPES,
  type TaskType,
} from './ports/dataset.ts'
// Errors and logs
export { ColdmeshError, ERROR_CODES, type ErrorCode, isColdmeshError } from './ports/errors.ts'
// Types
export type { Log } from './ports/system.ts'
export type {
  Evaluated,
  Head,
  Metric,
  Model,
  Scores,
  TaskToTrain,
  TogetherResult,
  Trainer,
  TrainingPlan,
  TrainingProgress,
  TrainingResult,
  TrainingSnapshot,
  Weights,
} from './ports/trainer.ts'
// Read a history
export { createReverts, type Reverting } from './rounds/rollback.ts'
export type { ChosenPlan } from './training/choose-plan.ts'
export { completePlan, DEFAULT_PLAN } from './training/plan.ts'
export { RECIPES, type RecipeName } from './training/recipes.ts'
export { METRICS, TASK_METRICS } from './training/scores.ts'
export { splitExamples } from './training/split.ts'
