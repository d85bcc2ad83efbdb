/** A fault campaign's run in the fake backend: 4 faults × (no agent and 3 variants) × 3. */
import type { Fault } from '$lib/bindings/Fault';
import type { Outcome } from '$lib/bindings/Outcome';
import type { TrialKey } from '$lib/bindings/TrialKey';
import type { TrialRow } from '$lib/bindings/TrialRow';
import { FakeRun } from './runs';
import { chance } from './trials';

export const FAULTS: Fault[] = [
  { kind: 'node_kill', target: 'any' },
  { kind: 'node_pause', target: 'any' },
  { kind: 'latency', target: 'any', min_ms: 300, max_ms: 500 },
  { kind: 'network_partition', target: 'any', direction: 'symmetric' },
];

export const AGENTS = ['no-agent', 'noop', 'always-restart', 'runbook'];

/** How many of 10 are repaired, by fault and variant. */
const REPAIRED = [
  [0, 0, 10, 10],
  [0, 0, 10, 10],
  [0, 0, 3, 10],
  [2, 2, 2, 9],
];

const SECONDS_OF_A_TRIAL = 19;

export interface Course {
  outcome: Outcome;
  /** Seconds since the fault landed; null where it never came. */
  onset: number;
  ticket: number;
  agent: number | null;
  claim: number | null;
  restored: number | null;
  commands: number;
  destructive: number;
  tokens: number | null;
}

/** How a trial goes, the same at every start. */
export function courseOf(key: TrialKey): Course {
  const luck = chance(key.case, key.variant, key.repetition, 77);
  const share = (REPAIRED[key.case]?.[key.variant] ?? 0) / 10;
  const lost = key.case === 2 && key.variant === 1 && key.repetition === 2;
  const passed = luck < share;
  const agent = key.variant > 0 ? 3.4 + luck : null;
  const claim = key.variant === 0 ? null : key.variant === 1 ? 4.9 + luck : 5.6 + 3 * luck;
  const restored = passed ? (claim === null ? 9.2 + luck : claim - 1.1 + 2 * luck) : null;
  return {
    outcome: lost ? 'void' : passed ? 'pass' : 'fail',
    onset: 0.3 + luck / 2,
    ticket: 2.1 + luck,
    agent,
    claim,
    restored,
    commands: [0, 1, 2, 5][key.variant] ?? 0,
    destructive: key.variant === 2 && key.case === 3 ? 1 : 0,
    tokens: key.variant === 0 ? null : 310 + 420 * key.variant + Math.round(90 * luck),
  };
}

const RESULTS: Partial<Record<Outcome, string>> = {
  pass: 'Restored; all four layers pass.',
  fail: 'Not restored within 15 s.',
  void: 'The fault did not land: a probe saw 1.6 ms where at least 320 ms was expected.',
};

export class FakeFaultRun extends FakeRun {
  constructor(id: number, definition: string, createdAt: number) {
    super(id, 'faults', AGENTS, FAULTS.length, 3, definition, createdAt);
    this.caseIds = FAULTS.map((fault) => `embedded/${fault.kind}`);
  }

  override outcome(key: TrialKey): Outcome {
    return courseOf(key).outcome;
  }

  override trial(index: number): TrialRow {
    const key = this.key(index);
    const { outcome, claim, tokens } = courseOf(key);
    return {
      number: index + 1,
      key,
      case_id: this.caseId(key.case),
      variant: this.variants[key.variant] ?? '',
      outcome,
      score: null,
      latency_ms: claim === null ? null : claim * 310,
      total_tokens: tokens,
      cost_usd: 0,
      preview: RESULTS[outcome] ?? '',
      ended_at: this.createdAt + (index + 1) * SECONDS_OF_A_TRIAL * 1000,
    };
  }
}
