import { readExamples } from '../adapters/datasets/index.ts'
import type { Examples } from '../ports/dataset.ts'
import { commitmentRow, createCommitment } from '../training/commitment.ts'

/**
 * The commitment to a dataset's rows, wherever they are: 32 bytes.
 *
 * @param salt 32 bytes; whoever knows them can check which rows were committed to
 * @throws ColdmeshError as `readExamples`
 */
export async function commitExamples(examples: Examples, salt: Uint8Array): Promise<Uint8Array> {
  const commitment = createCommitment(salt)
  for await (const example of readExamples(examples)) commitment.add(commitmentRow(example))
  return commitment.root()
}
