import { type CommandTrainerOptions, createProgramTrainer } from '../adapters/command/trainer.ts'
import { readExamples } from '../adapters/datasets/index.ts'
import type { Trainer } from '../ports/trainer.ts'

/**
 * A trainer that has any program do the work (docs/command-trainer.md). Requests are done one after the other. Its `device` is what the program
 * last said.
 *
 * @throws ColdmeshError `bad-input` when there is no such program
 */
export function createCommandTrainer(options: CommandTrainerOptions): Promise<Trainer> {
  return createProgramTrainer({ ...options, readExamples })
}
