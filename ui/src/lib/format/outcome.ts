/** Outcomes and run states in words. */
import type { Outcome } from '$lib/bindings/Outcome';
import type { RunState } from '$lib/bindings/RunState';
import type { Verdict } from '$lib/bindings/Verdict';

export type Tone = 'good' | 'bad' | 'warn' | 'accent' | 'neutral';

export const OUTCOMES: readonly Outcome[] = [
  'pass',
  'fail',
  'timeout',
  'ungraded',
  'infra_error',
  'judge_error',
  'void',
  'cancelled',
  'interrupted',
  'skipped',
];

const OUTCOME_LABELS: Record<Outcome, string> = {
  pass: 'Pass',
  fail: 'Fail',
  timeout: 'Time-out',
  ungraded: 'Ungraded',
  infra_error: 'Provider error',
  judge_error: 'Judge error',
  void: 'Void',
  cancelled: 'Cancelled',
  interrupted: 'Interrupted',
  skipped: 'Skipped',
};

export function outcomeLabel(outcome: Outcome): string {
  return OUTCOME_LABELS[outcome];
}

export function outcomeTone(outcome: Outcome): Tone {
  if (outcome === 'pass') return 'good';
  if (outcome === 'fail' || outcome === 'timeout') return 'bad';
  return outcome === 'infra_error' || outcome === 'judge_error' ? 'warn' : 'neutral';
}

const STATES: Record<RunState, [string, Tone]> = {
  queued: ['Queued', 'neutral'],
  running: ['Running', 'accent'],
  paused: ['Paused', 'warn'],
  finished: ['Finished', 'good'],
  stopped: ['Stopped', 'warn'],
  out_of_budget: ['Out of budget', 'warn'],
  interrupted: ['Interrupted', 'warn'],
  failed: ['Failed', 'bad'],
};

export function stateLabel(state: RunState): string {
  return STATES[state][0];
}

export function stateTone(state: RunState): Tone {
  return STATES[state][1];
}

/** Trials are being run, or will be on Resume. */
export function isLive(state: RunState): boolean {
  return state === 'running' || state === 'paused';
}

/** It ended before its plan was complete; Resume runs what is missing. */
export function isResumable(state: RunState): boolean {
  return !isLive(state) && state !== 'finished' && state !== 'queued';
}

const VERDICTS: Record<Verdict, [string, Tone]> = {
  better: ['Better', 'good'],
  worse: ['Worse', 'bad'],
  no_difference: ['No difference that matters', 'neutral'],
  cannot_tell: ['Cannot tell', 'warn'],
  still_running: ['Still running', 'accent'],
};

export function verdictLabel(verdict: Verdict): string {
  return VERDICTS[verdict][0];
}

export function verdictTone(verdict: Verdict): Tone {
  return VERDICTS[verdict][1];
}
