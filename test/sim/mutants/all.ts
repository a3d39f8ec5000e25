import { type Machine, REAL } from '../machine.ts'
import type { PropertyName } from '../properties/names.ts'
import * as trusting from './trusting.ts'
import * as voting from './voting.ts'

/** A planted bug: one rule of the machine, or one habit of a host, left out. */
export interface Mutant {
  readonly name: string
  readonly bug: string
  readonly machine: Partial<Machine>
  /** The properties that it breaks first. */
  readonly breaks: readonly PropertyName[]
}

const habit = (habits: Partial<Machine['habits']>): Partial<Machine> => ({ habits: { ...REAL.habits, ...habits } })

const mutant = (name: string, bug: string, machine: Partial<Machine>, ...breaks: readonly PropertyName[]): Mutant => ({
  name,
  bug,
  machine,
  breaks,
})

/** What the simulator must find, or it proves nothing about ours. */
export const MUTANTS: readonly Mutant[] = [
  mutant('single-phase', 'one phase of votes is final', voting.SINGLE_PHASE, 'S1'),
  mutant('no-lock', 'a precommit binds nobody later', voting.WITHOUT_LOCK, 'S1'),
  mutant('unlock-by-one', 'any later prevote unlocks', voting.UNLOCKED_BY_ONE_PREVOTE, 'S1'),
  mutant(
    'unproven-valid-view',
    "validView's quorum of prevotes is not checked",
    voting.WITHOUT_VALID_VIEW_QUORUM,
    'S1',
  ),
  mutant('quorum-f+1', 'f + 1 votes decide', voting.QUORUM_OF_F_PLUS_1, 'L2'),
  mutant('quorum-2f', '2f votes decide', voting.QUORUM_OF_2F, 'L2'),
  mutant('quorum-majority', 'a simple majority decides, against liars too', voting.QUORUM_OF_A_MAJORITY, 'L2'),
  mutant('counts-messages', 'votes are counted by message, not by author', voting.COUNTING_MESSAGES, 'S2'),
  mutant(
    'certificate-by-count',
    'signatures of a certificate are counted, not signers',
    trusting.CERTIFICATE_BY_COUNT,
    'S2',
  ),
  mutant('certificate-of-fewer', 'a certificate may have fewer votes', trusting.CERTIFICATE_OF_FEWER, 'S2'),
  mutant('certificate-by-anybody', 'outsiders may sign a certificate', trusting.CERTIFICATE_BY_ANYBODY, 'S2'),
  mutant('no-journal', 'memory is lost in a crash', voting.WITHOUT_JOURNAL, 'S5'),
  mutant('no-proof', 'the journal does not hold what a lock rests on', voting.WITHOUT_PROOF, 'L1'),
  mutant('restored-unlocked', 'a lock is forgotten in a crash', voting.RESTORED_UNLOCKED, 'S1'),
  mutant('says-before-fsync', 'a vote goes out before it is durable', habit({ syncsBeforeSaying: false }), 'S5'),
  mutant(
    'reads-before-fsync',
    'what a killed process wrote is repeated before it is durable',
    habit({ syncsAtStart: false }),
    'S5',
  ),
  mutant('no-chain-file', 'the chain starts again after a crash', habit({ keepsChain: false }), 'L3'),
  mutant('no-lineages', 'lineages of the chain are not kept', habit({ keepsLineages: false }), 'S8'),
  mutant('first-word-only', 'what an equivocator says besides is dropped', voting.FIRST_WORD_ONLY, 'L1'),
  mutant('no-evidence', 'contradictions are not reported', habit({ reportsEvidence: false }), 'L5'),
  mutant('no-own-fusion', 'proposals are prevoted unfused', trusting.WITHOUT_OWN_FUSION, 'S2'),
  mutant('any-order', 'inputs are fused in another order', trusting.FUSION_IN_ANY_ORDER, 'S3'),
  mutant('no-threshold', 'one list makes an input', trusting.WITHOUT_INCLUSION_THRESHOLD, 'S4'),
  mutant('inclusion-by-all', 'only what every quoted list names is an input', trusting.INCLUSION_BY_ALL, 'S4'),
  mutant('forgetful-lists', 'lists leave out what is held', trusting.FORGETFUL_LISTS, 'S4'),
  mutant('lists-what-it-lacks', 'contributions are listed without their bytes', trusting.LISTS_WHAT_IT_LACKS, 'L6'),
  mutant('waits-for-bytes', 'a list waits for every announced byte', trusting.WAITS_FOR_ALL_BYTES, 'L1'),
  mutant('no-signatures', 'signatures are not checked', trusting.WITHOUT_SIGNATURES, 'S6'),
  mutant('any-network', 'messages of other networks count', trusting.ANY_NETWORK, 'S7'),
  mutant('any-round', 'own words of the last round count in this one', voting.WORDS_OF_ANY_ROUND, 'S5'),
  mutant('no-propose-timeout', 'a silent aggregator is waited for', voting.WITHOUT_PROPOSE_TIMEOUT, 'L1'),
  mutant('no-carrying', 'what is carried over is proposed as new', voting.WITHOUT_CARRYING, 'L1'),
  mutant('no-catch-up', 'f + 1 members in a later view are not followed', voting.WITHOUT_CATCHING_UP, 'L1'),
  mutant('throws', 'an error is thrown at what came late', voting.THROWING, 'L1'),
  mutant('forgets-rollbacks', 'what a rollback reverted counts as before', trusting.FORGETS_ROLLBACKS, 'S2'),
  mutant('rolls-back-to-itself', 'a rollback keeps the weights', trusting.ROLLS_BACK_TO_ITSELF, 'L1'),
  mutant('slow-timeouts', 'a silent aggregator costs three timeouts', voting.SLOW_TIMEOUTS, 'L4'),
]

export function mutantNamed(name: string): Mutant | null {
  return MUTANTS.find((mutant) => mutant.name === name) ?? null
}
